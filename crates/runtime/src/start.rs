//! From C's `main` to `runtime.main`, and the threads of workers.

use crate::scheduler::Scheduler;
use crate::signals::SignalStack;
use crate::stack::MaxStack;
use crate::worker::Worker;
use crate::{Process, RUNTIME, Runtime, runtime};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
#[cfg(not(test))]
use trigo_abi::PROGRAM_BASE;
use trigo_abi::module::{Kind, Module, Roots, Table};
use trigo_heap::{Config, Heap, LayoutSpec, RootSource, RootVisitor, Zeroing};

/// The code of `runtime.goexit0`, for assembly.
pub(crate) static GOEXIT: AtomicUsize = AtomicUsize::new(0);

// This crate's own unit tests have a `main` that may be assembled together with this one.
#[cfg(not(test))]
std::arch::global_asm!(
    // Weak, so that test programs, which have a `main` of their own, can be linked.
    ".weak main",
    "main:",
    "mov ecx, {base}",
    "jmp {start}",
    base = const PROGRAM_BASE,
    start = sym trigo_start,
);

/// Runs a program: `argc`, `argv` and `envp` as C's `main` gets them. The calling thread becomes the first worker.
///
/// # Safety
/// 1. `module` is a program's, for as long as the process runs, and its code keeps to the ABI.
/// 2. It is called once, with the process's arguments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trigo_start(
    argc: i32,
    argv: usize,
    envp: usize,
    module: &'static Module,
) -> ! {
    crate::processor::check();
    let config = crate::settings::config();
    // SAFETY: as the caller vouches.
    unsafe { start(argc, argv, envp, module, config) }
}

/// [`trigo_start`] with a configuration of the heap.
///
/// # Safety
/// 1. As for [`trigo_start`].
pub unsafe fn start(
    _argc: i32,
    argv: usize,
    envp: usize,
    module: &'static Module,
    config: Config,
) -> ! {
    crate::fences::prepare();
    let heap = Heap::new(config).expect("runtime: address space for the heap");
    register_kinds(&heap, module);
    let processors = std::thread::available_parallelism().map_or(1, |n| n.get());
    let most = crate::settings::number("GOMAXPROCS").filter(|&n| n > 0).unwrap_or(processors);
    let runtime = Runtime {
        module,
        process: Process { argv, envp },
        processors,
        goroutines: Arc::default(),
        max_stack: MaxStack::new(),
        scheduler: Scheduler::new(most),
        heap,
    };
    GOEXIT.store(module.goexit as usize, Ordering::Relaxed);
    assert!(RUNTIME.set(runtime).is_ok(), "the runtime is started once");
    let runtime = crate::runtime();
    runtime.heap.add_root_source(runtime.goroutines.clone());
    runtime.heap.add_root_source(Arc::new(Variables(module)));
    runtime.heap.add_root_source(crate::cpu_profile::roots());
    crate::gc_history::observe(&runtime.heap);
    crate::settings::observe(&runtime.heap);
    crate::natives::lifetime::observe(&runtime.heap);
    crate::signals::install();
    let (number, permit) = runtime.scheduler.first();
    let mut worker = Worker::new(number, permit);
    let closure = Box::leak(Box::new(module.main as usize));
    let main = crate::natives::new_goroutine(&mut worker, &raw const *closure as usize);
    main.go.startpc = module.main as usize;
    runtime.scheduler.ready(None, main);
    run(worker);
    unreachable!("the first worker does not retire")
}

/// Runs a worker on the calling thread, until it retires.
fn run(worker: Box<Worker>) {
    let _stack = SignalStack::new();
    runtime().scheduler.started(&worker);
    crate::cpu_profile::thread_started(&worker);
    let words = worker.mutator.state_address();
    let worker = Box::into_raw(worker);
    // SAFETY: the worker is this thread's, which does nothing else until it has retired. Then nobody knows it any more.
    unsafe {
        crate::entries::trigo_run_worker(worker.cast(), words);
        crate::cpu_profile::thread_ends(&*worker);
        crate::worker::forget_current();
        drop(Box::from_raw(worker));
    }
}

/// What the thread of a worker does.
pub(crate) fn run_worker(number: usize, permit: usize) {
    run(Worker::new(number, permit));
}

/// Registers the kinds that compiled code has the cursors of, in order.
fn register_kinds(heap: &Heap, module: &Module) {
    for kind in entries(&module.kinds) {
        let Kind { size, bits } = *kind;
        let words = (size as usize).div_ceil(512);
        // SAFETY: the compiler wrote a bitmap of that many words, which says where its type's pointers are.
        let layout = unsafe {
            let spec = match bits {
                0 => LayoutSpec::NoScan,
                bits => {
                    let bits = std::slice::from_raw_parts(bits as *const u64, words);
                    LayoutSpec::Bitmap { size: size as usize, bits }
                }
            };
            heap.layout(spec)
        };
        let kind = layout.and_then(|layout| heap.kind(layout, size as usize, Zeroing::Zeroed));
        kind.expect("runtime: a kind of the program");
    }
}

/// A table of the program.
pub(crate) fn entries<T>(table: &Table<T>) -> &'static [T] {
    match table.len {
        0 => &[],
        // SAFETY: the compiler wrote as many entries there.
        len => unsafe { std::slice::from_raw_parts(table.start as *const T, len as usize) },
    }
}

/// The program's package variables as roots.
struct Variables(&'static Module);

// SAFETY: the compiler lists all variables with pointers; compiled code changes them through the write barrier.
unsafe impl RootSource for Variables {
    fn scan(&self, visitor: &mut RootVisitor<'_>) {
        for &Roots { start, words, bits } in entries(&self.0.roots) {
            for word in 0..words {
                // SAFETY: the compiler wrote a bit for each word.
                let pointer = bits == 0
                    || unsafe { *((bits + word / 8) as *const u8) } >> (word % 8) & 1 != 0;
                if pointer {
                    // SAFETY: a variable's word; compiled code changes it as a whole.
                    visitor.pointer(unsafe {
                        ((start + word * 8) as *const *const u8).read_volatile()
                    });
                }
            }
        }
    }
}
