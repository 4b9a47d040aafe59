//! A garbage-collected heap that never stops the world, to be embedded in language runtimes and Rust
//! programs.
//!
//! A [`Heap`] is a value; a process may have several. Threads [attach](Heap::attach) to it as
//! [`Mutator`]s and allocate, each from free runs of its own, without locks. When the heap has grown to its
//! trigger, a cycle marks what can be reached while the threads go on, and what was not reached is free
//! from then on. Objects never move; a pointer into the middle of an object keeps the whole object.
//!
//! The collector is concurrent tri-colour mark-sweep. Threads answer its handshakes each for itself, and none is
//! held until the others have. `docs/collector.md` in the repository explains how that is sound; this page is
//! for those who embed it.
//!
//! # A complete example
//!
//! A table of linked entries, filled by one thread and read by another while cycles run.
//!
//! ```
//! use std::{ptr::{NonNull, null_mut}, sync::Arc, thread};
//! use trigo_heap::*;
//!
//! // What lives in the heap: plain memory with a fixed layout.
//! #[repr(C)]
//! struct Entry {
//!     key: u64,
//!     next: *mut Entry,
//! }
//!
//! /// Allocates an entry in front of those that `table` holds.
//! fn push(m: &mut Mutator, kind: Kind, table: &Root, key: u64) -> Result<(), Error> {
//!     let entry = m.alloc_kind(kind)?.cast::<Entry>().as_ptr();
//!     let next = table.get().map_or(null_mut(), NonNull::as_ptr);
//!     // SAFETY: `entry` was just allocated. Pointers go into objects by `init` and `store`.
//!     unsafe {
//!         (*entry).key = key;
//!         m.init((&raw mut (*entry).next).cast(), next);
//!     }
//!     // Until here only the variable led to the entry, and there was no safepoint since `alloc_kind`.
//!     table.set(m, NonNull::new(entry.cast()));
//!     Ok(())
//! }
//!
//! /// Removes every second entry.
//! fn thin_out(m: &mut Mutator, table: &Root) {
//!     let mut entry = table.get().map_or(null_mut(), |e| e.as_ptr().cast::<Entry>());
//!     // SAFETY: the entries hang on `table`, and there is no safepoint in the loop.
//!     unsafe {
//!         while !entry.is_null() && !(*entry).next.is_null() {
//!             let after = (*(*entry).next).next;
//!             m.store((&raw mut (*entry).next).cast(), after.cast());
//!             entry = after;
//!         }
//!     }
//! }
//!
//! fn keys(table: &Root) -> Vec<u64> {
//!     let mut entry = table.get().map_or(null_mut(), |e| e.as_ptr().cast::<Entry>());
//!     let mut keys = Vec::new();
//!     while !entry.is_null() {
//!         // SAFETY: as above.
//!         unsafe { (keys.push((*entry).key), entry = (*entry).next) };
//!     }
//!     keys
//! }
//!
//! /// Is told of every cycle; prints Go's `gctrace` line.
//! #[derive(Debug)]
//! struct Trace;
//! impl Observer for Trace {
//!     fn cycle_ended(&self, record: &CycleRecord) {
//!         eprintln!("{record}");
//!     }
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let heap = Heap::new(Config { min_heap: 1 << 20, ..Config::default() })?;
//! heap.observe(Arc::new(Trace));
//!
//! // The collector knows an object by its layout: word 0 of an entry is data, word 1 a pointer.
//! // SAFETY: `next` is all that keeps other entries alive.
//! let layout = unsafe { heap.layout(LayoutSpec::Bitmap { size: 16, bits: &[0b10] })? };
//! let kind = heap.kind(layout, size_of::<Entry>(), Zeroing::Uninitialized)?;
//!
//! let filler = heap.clone();
//! let table = thread::spawn(move || -> Result<Root, Error> {
//!     let mut m = filler.attach();
//!     let table = m.empty_root();
//!     for key in 0..100_000 {
//!         push(&mut m, kind, &table, key)?;
//!     }
//!     thin_out(&mut m, &table);
//!     Ok(table) // a root may change threads; a bare pointer must not
//! });
//!
//! let mut m = heap.attach();
//! // A thread that waits says so, and no cycle waits for it.
//! let table = m.blocked(|| table.join()).expect("the filler ends well")?;
//! m.collect();
//! assert_eq!(keys(&table).len(), 50_000);
//! assert_eq!(heap.stats().live_objects, 50_000);
//!
//! drop(table);
//! m.collect();
//! assert_eq!(heap.stats().live_objects, 0);
//! # Ok(())
//! # }
//! ```
//!
//! More of the kind are in `examples/`: `workers`, `linked`, `finalizer`, `weak_cache`, `memory_limit`,
//! `gctrace`, `binary_trees`, and `cycles`, which plots what the collector does.
//!
//! # Map
//!
//! | to | use |
//! |---|---|
//! | make a heap, tune it, ask how it is | [`Heap`], [`Config`], [`HeapStats`], [`Heap::collect`] |
//! | say where pointers are | [`Layout`], [`LayoutSpec`], [`TraceFn`] with its [`Tracer`] |
//! | allocate and store | [`Mutator::alloc`]; for a size and layout that recur [`Kind`] and [`FixedKind`]; [`Mutator::init`], [`Mutator::store`] |
//! | keep objects | [`Root`]; for many pointers [`RootSource`]; [`Mutator::scan_native_stack`]; for stacks of your own [`Stack`] |
//! | let the collector get on | [`Mutator::poll`], [`Mutator::blocked`] |
//! | hear of an object's death | [`Mutator::set_finalizer`], [`Mutator::add_cleanup`], [`Weak`] |
//! | count memory outside | [`Heap::add_external`], [`Heap::sub_external`] |
//! | watch | [`Observer`], [`CycleRecord`], [`HoldTimes`] |
//! | generate code against it | [Embedding in a language runtime](#embedding-in-a-language-runtime) |
//! | find faults | [`Debug`](struct@Debug), [`POISON`] |
//!
//! # Embedding in a language runtime
//!
//! Compiled code allocates, stores and polls by [`offsets`] from a pinned register ([`Mutator::state_address`]) and calls
//! in on slow paths alone, which run on a worker's system stack on behalf of a goroutine ([`Mutator::suspended`],
//! [`Mutator::enter_blocked`]). Goroutines' stacks are [`Stack`]s, which move between workers ([`Mutator::new_parked_stack`],
//! [`Mutator::resume_stack`], [`Mutator::park_stack`]). Global variables are a [`RootSource`] with [`RootVisitor::bitmap`];
//! finalizers that are the language's own code come from [`Mutator::next_due`].
//!
//! `docs/embedding-raw.md` in the repository has the offsets, the instruction sequences and who owes what, and
//! `tests/raw_vm` of this crate is a runtime in miniature that uses all of it.
//!
//! # What it guarantees
//!
//! 1. No object that can be reached from a root is freed or reused, whatever threads do meanwhile within
//!    their obligations below.
//! 2. No phase of a cycle stops the world. A thread is held for its own answer to a handshake, which takes
//!    microseconds and the scan of its own stack, and for no other thread's. (The option
//!    [`Debug::verify`] is the exception.)
//! 3. A thread inside [`Mutator::blocked`] delays no cycle, however long it stays there.
//! 4. Objects do not move. Their address is theirs until they are freed.
//! 5. What [`Mutator::collect`] finds unreachable is free when it returns. Without being asked, a cycle starts
//!    before the heap is [`Config::gc_percent`] larger than what was live, and mutators that allocate meanwhile
//!    help in proportion, 12 µs at a time.
//! 6. Finalizers and cleanups run with no lock of the heap held.
//!
//! # What may block
//!
//! *Safepoints* are [`poll`](Mutator::poll), every allocation, [`collect`](Mutator::collect),
//! [`blocked`](Mutator::blocked), [`run_finalizers`](Mutator::run_finalizers), [`Weak::get`] and the drop of a
//! [`Mutator`]. At a safepoint the thread may answer a handshake, and objects that only its variables led to may be
//! freed (unless [its stack is scanned](Mutator::scan_native_stack)).
//!
//! | call | what it may wait for |
//! |---|---|
//! | a fast allocation, `store`, `init`, `poll` without a request, [`Root::get`] | nothing |
//! | a slow allocation | short locks; a whole cycle, when the range is full; while marking an assist of 12 µs, or its debt's end in waits of 200 µs |
//! | `poll` with a request | nothing beside its own answer |
//! | [`Mutator::collect`], [`Heap::collect`] | a whole cycle, and the end of one that runs |
//! | the return from [`Mutator::blocked`], [`Mutator::resume_stack`] | the collector, while it scans this thread's stack or that one |
//! | [`Weak::get`] | rarely, the end of the mark phase |
//! | the drop of the last [`Heap`] and [`Mutator`] | the collector's threads, which end |
//! | everything else | short locks |
//!
//! # What a client owes
//!
//! Unsafe functions and traits number their obligations. In short:
//!
//! 1. **Describe** every object's pointers: a layout covers each word that keeps something alive.
//! 2. **Root** what is wanted across a safepoint: by a [`Root`], a [`RootSource`], a scanned stack, or from an object
//!    that is.
//! 3. **Store** pointers into objects and root slots by [`Mutator::store`] (first stores to a fresh object by
//!    [`Mutator::init`]), never by an ordinary write.
//! 4. **Hand over** pointers between threads in heap objects or roots, not bare.
//! 5. **Poll**: an attached thread reaches safepoints often, or is in [`Mutator::blocked`]. A thread that does neither
//!    delays the cycle, and those that wait for it; one that ends without dropping its mutator (by `mem::forget`)
//!    makes the process abort with a message at the next handshake.
//! 6. **Run** finalizers and cleanups: the heap queues them, [`Mutator::run_finalizers`] runs them.
//! 7. **Keep apart** what belongs to different heaps: layouts, kinds, mutators and roots are good for the heap that
//!    made them.
//!
//! # Limits
//!
//! * Linux on x86-64, 64-bit pointers.
//! * A heap reserves its address range when it is made ([`Config::reserve`], 64 GiB unless told otherwise) and
//!   never grows past it.
//! * At most 65,536 layouts and 1,022 kinds a heap, of which a few hundred exist from the start; layouts that get no kind of their
//!   own share spans.
//! * Slots have 70 sizes up to 32 KiB, and waste at most an eighth from 128 bytes on; larger objects take whole pages of 8
//!   KiB. Objects are aligned to 8 bytes.
//! * A stack is scanned in one go: the hold is proportional to its depth.
//! * An object in a cycle that leads back to it is never finalized, as in Go.
#![cfg_attr(loom, allow(dead_code, unused_imports))]

#[cfg(not(loom))]
mod collector;
#[cfg(not(loom))]
mod config;
#[cfg(not(loom))]
mod edges;
#[cfg(not(loom))]
mod error;
#[cfg(not(loom))]
mod heap;
#[cfg(not(loom))]
mod layout;
#[cfg(not(loom))]
mod leak;
#[cfg(not(loom))]
mod mark;
#[cfg(not(loom))]
mod mutator;
#[cfg(not(loom))]
mod pace;
#[cfg(not(loom))]
mod profile;
mod protocol;
#[cfg(not(loom))]
mod roots;
#[cfg(not(loom))]
mod space;
#[cfg(not(loom))]
mod spans;
#[cfg(not(loom))]
mod special;
#[cfg(not(loom))]
mod stacks;
#[cfg(not(loom))]
mod stats;
mod sync;
#[cfg(not(loom))]
mod walk;
#[cfg(not(loom))]
mod why;

#[cfg(not(loom))]
pub use crate::{
    config::{BrokenBarrier, Config, Debug},
    edges::LayoutKind,
    error::Error,
    heap::{Heap, Kind, Zeroing, offsets},
    layout::{Layout, LayoutSpec, TraceFn},
    leak::Suspect,
    mark::Tracer,
    mutator::{FixedKind, Interrupter, Mutator},
    profile::{Sampling, SiteProfile},
    roots::{Root, RootSource, RootVisitor},
    special::{CleanupId, Due, Weak},
    stacks::Stack,
    stats::{
        BySize, CycleRecord, HeapStats, Histogram, HoldTimes, MemStats, MemoryClasses, Metric,
        Observer, Reason, TimeHistogram,
    },
    walk::Object,
    why::{Path, RootKind, Step},
};

/// The byte that [`Debug::poison`] fills freed slots with: a pointer made of it lies outside of every heap.
pub const POISON: u8 = 0xdb;
