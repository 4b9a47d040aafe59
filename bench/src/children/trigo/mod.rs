//! Trigo's heap through its raw interface, as a language runtime drives it: fixed kinds, plain
//! pointers on a conservatively scanned native stack, barriered stores.
#![allow(unsafe_code, reason = "the raw interface leaves obligations to its client")]

mod alloc;
mod giveback;
mod holds;
mod mark;
mod object;
mod probe;
mod trees;

use std::ptr::{NonNull, null_mut};

use trigo_heap::{Config, FixedKind, Heap, Layout, LayoutSpec, Mutator, Root, Zeroing};

use crate::job::Job;
use crate::report::Report;

/// Runs the job with as many markers; every workload is here, so it is always `true`.
pub fn run(markers: usize, job: &Job, report: &mut Report) -> bool {
    let config = Config { markers, ..Config::default() };
    let heap = Heap::new(config).expect("the address space can be reserved");
    attached(&heap, |mutator| match *job {
        Job::Trees { depth } => trees::run(mutator, report, depth),
        Job::Mark { log2, order, forced } => mark::run(mutator, report, log2, order, forced),
        Job::Alloc { size: 16, occupancy, fill, churn } => {
            alloc::run::<16>(mutator, report, occupancy, fill, churn);
        }
        Job::Alloc { size: 32, occupancy, fill, churn } => {
            alloc::run::<32>(mutator, report, occupancy, fill, churn);
        }
        Job::Alloc { size: 64, occupancy, fill, churn } => {
            alloc::run::<64>(mutator, report, occupancy, fill, churn);
        }
        Job::Alloc { size, .. } => panic!("no object of {size} bytes"),
        Job::Holds { log2, millis } => holds::run(mutator, report, log2, millis),
        Job::Probe { records, rate, millis } => probe::run(mutator, report, records, rate, millis),
        Job::Return { log2, settle, window } => {
            giveback::run(mutator, report, log2, settle, window);
        }
    });
    if report.cycles == 0 {
        report.cycles = heap.stats().cycles;
    }
    true
}

/// Makes the calling thread a mutator and calls `f`, whose local variables keep objects alive.
fn attached<R>(heap: &Heap, f: impl FnOnce(&mut Mutator) -> R) -> R {
    #[inline(never)]
    fn below<R>(mutator: &mut Mutator, f: impl FnOnce(&mut Mutator) -> R) -> R {
        f(mutator)
    }
    let top = 0usize;
    let mut mutator = heap.attach();
    // SAFETY: all pointers into the heap are held in frames below this one, as `below` is not
    // inlined, and `top` outlives the mutator.
    unsafe { mutator.scan_native_stack((&raw const top).cast()) };
    below(&mut mutator, f)
}

/// The kind of objects of `BYTES` bytes whose pointers are the words that `bits` names; they read
/// as zero.
fn kind<const BYTES: usize>(heap: &Heap, bits: u64) -> FixedKind<BYTES> {
    let spec = LayoutSpec::Bitmap { size: BYTES, bits: &[bits] };
    // SAFETY: callers name every pointer word of their objects.
    let layout = unsafe { heap.layout(spec) }.expect("a bitmap of so few words is valid");
    fixed(heap, layout, Zeroing::Zeroed)
}

fn fixed<const BYTES: usize>(heap: &Heap, layout: Layout, zeroing: Zeroing) -> FixedKind<BYTES> {
    let kind = heap.kind(layout, BYTES, zeroing).expect("small objects have kinds");
    FixedKind::new(kind).expect("the sizes used here are size classes")
}

/// Allocates an object of a kind.
#[inline(always)]
fn new<const BYTES: usize, T>(mutator: &mut Mutator, kind: FixedKind<BYTES>) -> *mut T {
    const { assert!(size_of::<T>() == BYTES) };
    mutator.alloc_fixed_or_abort(kind).as_ptr().cast()
}

/// Allocates an array of so many pointers, all null.
fn pointers<T>(mutator: &mut Mutator, count: usize) -> *mut *mut T {
    let array = mutator.alloc(Layout::POINTERS, count.max(1) * 8);
    array.expect("the machine has the memory").as_ptr().cast()
}

/// Makes a handle hold an object.
fn hold<T>(mutator: &mut Mutator, root: &Root, object: *mut T) {
    root.set(mutator, NonNull::new(object.cast()));
}

/// What a handle holds, which must be an object of that type.
fn held<T>(root: &Root) -> *mut T {
    root.get().map_or(null_mut(), |object| object.as_ptr().cast())
}

/// Stores a pointer into the heap, with the barrier.
///
/// # Safety
/// 1. As for [`Mutator::store`].
#[inline(always)]
unsafe fn set<T>(mutator: &mut Mutator, slot: *mut *mut T, value: *mut T) {
    // SAFETY: as the caller vouches.
    unsafe { mutator.store(slot.cast(), value.cast()) };
}

/// Stores the first pointer into a word of an object allocated since the last safepoint.
///
/// # Safety
/// 1. As for [`Mutator::init`].
#[inline(always)]
unsafe fn init<T>(mutator: &mut Mutator, slot: *mut *mut T, value: *mut T) {
    // SAFETY: as the caller vouches.
    unsafe { mutator.init(slot.cast(), value.cast()) };
}
