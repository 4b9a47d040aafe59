//! A call of the system on every thread of the process, for what the system keeps by thread and programs mean for all:
//! users, groups, capabilities.
//!
//! As the C library does it for `setuid`: a signal interrupts one thread after the other, and its handler makes the call.
//! Threads that are started meanwhile have what their parent had, so the list is read until it has nobody new.
//!
//! One thread at a time is asked, and answers before the next is: the call's words are written before [`TARGET`], which
//! only the thread that it names takes back, after its answer.

use crate::natives::process::{Call, system};
use crate::sync::{AtomicI32, AtomicUsize, Mutex, Ordering, lock};
use std::collections::HashSet;

/// One call at a time.
static LOCK: Mutex<()> = Mutex::new(());
/// The call, for the handler.
static CALL: [AtomicUsize; 7] = [const { AtomicUsize::new(0) }; 7];
/// The thread that is to make it; 0 once it has.
static TARGET: AtomicI32 = AtomicI32::new(0);
/// What the call returned there, and its error number.
static ANSWER: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// The signal, the first that is for programs to use; os/signal does not show it, as in Go.
pub(crate) fn signal() -> i32 {
    libc::SIGRTMIN()
}

extern "C" fn handler(_signal: i32) {
    // SAFETY: asks for a number.
    let me = unsafe { libc::gettid() };
    if TARGET.load(Ordering::SeqCst) != me {
        return;
    }
    let call = Call(std::array::from_fn(|i| CALL[i].load(Ordering::SeqCst)));
    // SAFETY: who asked for it vouches for it on every thread. It changes no error number of the C library's.
    let (result, error) = unsafe { system(&call) };
    ANSWER[0].store(result, Ordering::SeqCst);
    ANSWER[1].store(error, Ordering::SeqCst);
    TARGET.store(0, Ordering::SeqCst);
}

/// Makes the call on this thread and, if it succeeds, on all others: what it returned, and its error number. Blocks until
/// all have made it. None if it did not return the same everywhere.
///
/// # Safety
/// 1. As the call demands, on every thread.
pub(crate) unsafe fn call(call: &Call) -> Option<(usize, usize)> {
    let _one = lock(&LOCK);
    // SAFETY: (1).
    let answer = unsafe { system(call) };
    if answer.1 != 0 {
        return Some(answer);
    }
    CALL.iter().zip(call.0).for_each(|(word, value)| word.store(value, Ordering::SeqCst));
    // SAFETY: the handler does only what one may, on the stack for signals where there is one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let handler: extern "C" fn(i32) = handler;
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigaction(signal(), &action, std::ptr::null_mut());
    }
    // SAFETY: asks for a number.
    let mut done = HashSet::from([unsafe { libc::gettid() }]);
    loop {
        let before = done.len();
        for thread in threads() {
            if done.insert(thread) && has_called(thread) {
                let theirs = ANSWER.each_ref().map(|word| word.load(Ordering::SeqCst));
                if theirs != [answer.0, answer.1] {
                    return None;
                }
            }
        }
        if done.len() == before {
            return Some(answer);
        }
    }
}

/// Has a thread make the call; false if it ended before.
fn has_called(thread: i32) -> bool {
    TARGET.store(thread, Ordering::SeqCst);
    // SAFETY: signals a thread of this process, or nobody; sleeps.
    unsafe {
        let process = libc::getpid();
        let send = |signal: i32| libc::syscall(libc::SYS_tgkill, process, thread, signal) == 0;
        let mut lives = send(self::signal());
        while lives && TARGET.load(Ordering::SeqCst) == thread {
            libc::usleep(20);
            lives = send(0);
        }
    }
    TARGET.swap(0, Ordering::SeqCst) == 0
}

/// The threads of the process.
fn threads() -> Vec<i32> {
    let entries = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
