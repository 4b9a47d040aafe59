//! What compiled Go programs run on: goroutines on threads, stacks, faults, time; one client of [`trigo_heap`].
//!
//! A program is code, data and tables that Trigo's compiler made, and this library. What both agree upon is
//! [`trigo_abi`]. What handles values of Go's types is written in Go and compiled with the program: package `runtime` in the
//! repository's `goroot/`, which calls down here through [natives](self#map).
//!
//! Three rules hold everywhere:
//!
//! 1. **Rust never runs under Go.** A native runs on the worker's system stack, to its end, and says whether its goroutine
//!    goes on, waits, or has ended; only then does the thread change to a goroutine's stack.
//! 2. **A goroutine that does not run looks like every other**: its registers are on its own stack, where the collector
//!    finds them.
//! 3. **No lock of this crate is taken on a goroutine's stack**, and none is held while a goroutine runs.
//!
//! # Map
//!
//! | file | what |
//! |---|---|
//! | `start` | from C's `main` to `runtime.main`; threads; the program's variables as roots |
//! | `processor` | whether it has what compiled code needs |
//! | `entries`, `leaves` | the assembly that compiled code calls |
//! | `worker`, `template` | a thread with a mutator; from a native to the next goroutine; who starts threads |
//! | `scheduler`, `queue`, `seekers` | who runs next, and that nobody is forgotten |
//! | `parking` | waiting and being made ready; permits |
//! | `goroutine`, `stack` | what a goroutine is, and where it runs |
//! | `frames` | a goroutine's frames |
//! | `cpu_profile`, `alloc_profile` | where processor time and memory go |
//! | `metrics`, `gc_history` | figures: what `runtime/metrics` reads; the last cycles |
//! | `weak_handles` | weak pointers |
//! | `heap_dump` | all objects, for other programs to read |
//! | `natives/` | functions that Go declares without a body |
//! | `netpoll` | files to wait for |
//! | `reflection` | calls that reflect makes and takes |
//! | `types` | type descriptors, as far as allocation needs them |
//! | `signals`, `crash` | faults, and other ends of a program |
//! | `notify` | signals that the program wants to hear of |
//! | `monitor`, `watching`, `clock` | time, and turns |
//! | `all_threads`, `request` | a call of the system on every thread |
//! | `pins` | goroutines that keep pools from being emptied |
//! | `settings` | what the environment says |
//! | `sync`, `fences` | the shim for atomics and locks; a pair of fences, one of them cheap |
#![cfg_attr(loom, allow(dead_code, unused_imports))]

#[cfg(not(loom))]
mod all_threads;
#[cfg(not(loom))]
mod alloc_profile;
#[cfg(not(loom))]
mod clock;
#[cfg(not(loom))]
mod cpu_profile;
#[cfg(not(loom))]
mod crash;
#[cfg(not(loom))]
mod entries;
mod fences;
#[cfg(not(loom))]
mod frames;
#[cfg(not(loom))]
mod gc_history;
#[cfg(not(loom))]
mod goroutine;
#[cfg(not(loom))]
mod heap_dump;
#[cfg(not(loom))]
mod leaves;
#[cfg(not(loom))]
mod metrics;
#[cfg(not(loom))]
mod monitor;
#[cfg(not(loom))]
mod natives;
#[cfg(not(loom))]
mod netpoll;
#[cfg(not(loom))]
mod notify;
mod parking;
mod pins;
#[cfg(not(loom))]
mod processor;
mod queue;
#[cfg(not(loom))]
mod reflection;
mod request;
#[cfg(not(loom))]
mod scheduler;
mod seekers;
#[cfg(not(loom))]
mod settings;
#[cfg(not(loom))]
mod signals;
#[cfg(not(loom))]
mod stack;
#[cfg(not(loom))]
mod start;
mod sync;
#[cfg(not(loom))]
mod template;
#[cfg(not(loom))]
mod types;
mod watching;
#[cfg(not(loom))]
mod weak_handles;
#[cfg(not(loom))]
mod worker;

#[cfg(not(loom))]
pub use start::{start, trigo_start};

#[cfg(not(loom))]
use std::sync::{Arc, OnceLock};

/// The program's one runtime.
#[cfg(not(loom))]
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// What all threads share.
#[cfg(not(loom))]
struct Runtime {
    heap: trigo_heap::Heap,
    module: &'static trigo_abi::module::Module,
    process: Process,
    processors: usize,
    goroutines: Arc<goroutine::Goroutines>,
    max_stack: stack::MaxStack,
    scheduler: scheduler::Scheduler,
}

/// Arguments and environment, as C's `main` gets them.
#[cfg(not(loom))]
struct Process {
    argv: usize,
    envp: usize,
}

/// The runtime, which has been started.
#[cfg(not(loom))]
fn runtime() -> &'static Runtime {
    RUNTIME.get().expect("the runtime has been started")
}
