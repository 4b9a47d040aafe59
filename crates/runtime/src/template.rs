//! The thread that starts threads for workers which an altered thread asks for.
//!
//! A new thread inherits from the one that starts it what belongs to threads: name spaces, capabilities, the signal mask, the
//! processors it may run on. A goroutine is wired to its thread in order to change such things; so from the first time on
//! there is a thread that nobody changes (Go's `templateThread`).

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

/// Numbers and permits of workers to be started.
static TEMPLATE: OnceLock<Sender<(usize, usize)>> = OnceLock::new();

thread_local! {
    /// Whether a goroutine is wired to this thread.
    static ALTERED: Cell<bool> = const { Cell::new(false) };
}

/// Starts the thread, if it has not been started; while the calling thread is as the process began.
pub(crate) fn start() {
    TEMPLATE.get_or_init(|| {
        let (sender, asked) = channel();
        let thread = std::thread::Builder::new().name("template".to_string());
        let run = move || asked.into_iter().for_each(|(number, permit)| spawn(number, permit));
        thread.spawn(run).expect("runtime: cannot create a thread");
        sender
    });
}

/// Notes whether a goroutine is wired to the calling thread.
pub(crate) fn set_altered(altered: bool) {
    ALTERED.set(altered);
}

/// Starts a thread for a worker, which has the permit and seeks. Never waits for it.
pub(crate) fn spawn_worker(number: usize, permit: usize) {
    match TEMPLATE.get() {
        Some(template) if ALTERED.get() => {
            template.send((number, permit)).expect("the template thread never ends");
        }
        _ => spawn(number, permit),
    }
}

fn spawn(number: usize, permit: usize) {
    let thread = std::thread::Builder::new().name(format!("worker {number}")).stack_size(1 << 20);
    thread
        .spawn(move || crate::start::run_worker(number, permit))
        .expect("runtime: cannot create a thread");
}
