//! A call of the system on every thread of the process, for what the system keeps by thread and programs mean for all:
//! users, groups, capabilities.
//!
//! As the C library does it for `setuid`: a signal interrupts one thread after the other, and its handler makes the call. Threads
//! that are started meanwhile have what their parent had, so the list is read until it has nobody new. What asks and answers is
//! [`Request`].

use crate::natives::process::{Call, system};
use crate::request::Request;
use crate::sync::{Mutex, lock};
use std::collections::HashSet;

/// One call at a time.
static LOCK: Mutex<()> = Mutex::new(());
/// What a thread is to call, and what it got: result and error number.
static REQUEST: Request<Call, (usize, usize)> = Request::new(Call([0; 7]), (0, 0));

/// The signal, the first that is for programs to use; os/signal does not show it, as in Go.
pub(crate) fn signal() -> i32 {
    libc::SIGRTMIN()
}

extern "C" fn handler(_signal: i32) {
    // SAFETY: asks for a number.
    let me = unsafe { libc::gettid() };
    // SAFETY: who asked for it vouches for it on every thread. It changes no error number of the C library's.
    REQUEST.answer(me, |call| unsafe { system(&call) });
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
            if !done.insert(thread) {
                continue;
            }
            let lives = || {
                // SAFETY: sleeps.
                unsafe { libc::usleep(20) };
                send(thread, 0) && !has_ended(thread)
            };
            // SAFETY: under the lock; a thread that has ended runs no handler.
            let theirs = unsafe { REQUEST.ask(thread, *call, || send(thread, signal()), lives) };
            if theirs.is_some_and(|theirs| theirs != answer) {
                return None;
            }
        }
        if done.len() == before {
            return Some(answer);
        }
    }
}

/// Sends a signal to a thread of this process; false if there is none. The signal 0 is none, and only asks.
fn send(thread: i32, signal: i32) -> bool {
    // SAFETY: signals a thread of this process, or nobody.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal) == 0 }
}

/// Whether a thread has ended of which the system still knows, as it does of a process's first one: that takes signals and never
/// handles them.
fn has_ended(thread: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat"));
    // The state follows the name, which is in parentheses and may contain any.
    stat.is_ok_and(|stat| {
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
    })
}

/// The threads of the process.
fn threads() -> Vec<i32> {
    let entries = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// In a child process whose first thread has ended another thread has all make a call.
    #[test]
    fn a_process_without_its_first_thread_is_not_waited_for() {
        // SAFETY: the child starts a thread and ends this one; it takes no lock that another thread may have had.
        let child = unsafe { libc::fork() };
        if child == 0 {
            extern "C" fn rest(_: *mut libc::c_void) -> *mut libc::c_void {
                std::thread::sleep(Duration::from_millis(50));
                let number = Call([libc::SYS_getpid as usize, 0, 0, 0, 0, 0, 0]);
                // SAFETY: asks for a number, and ends the process.
                unsafe {
                    let answer = call(&number);
                    libc::_exit(i32::from(answer != Some((libc::getpid() as usize, 0))));
                }
            }
            // SAFETY: as above; the call ends this thread alone.
            unsafe {
                let mut thread = std::mem::zeroed();
                libc::pthread_create(&mut thread, std::ptr::null(), rest, std::ptr::null_mut());
                libc::syscall(libc::SYS_exit, 0);
            }
        }
        let (begun, mut status) = (Instant::now(), 0);
        // SAFETY: waits for the child, or ends it.
        unsafe {
            while libc::waitpid(child, &mut status, libc::WNOHANG) == 0 {
                if begun.elapsed() > Duration::from_secs(20) {
                    libc::kill(child, libc::SIGKILL);
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status:#x}");
    }
}
