//! Time limits for tests, and a note of what runs for those that abort.

use std::{
    sync::{Mutex, Once, mpsc},
    thread,
    time::Duration,
};

static RUNNING: Mutex<Vec<(u64, String)>> = Mutex::new(Vec::new());

/// Aborts the process unless it is dropped in time.
#[derive(Debug)]
pub struct Watch {
    key: u64,
    _done: mpsc::Sender<()>,
}

impl Watch {
    /// A limit of `seconds`, ten times that in nightly runs. `what` is printed when the process dies meanwhile.
    pub fn new(seconds: u64, what: impl Into<String>) -> Self {
        static HANDLER: Once = Once::new();
        // SAFETY: the handler only takes a lock that it may miss, and writes.
        HANDLER.call_once(|| unsafe {
            libc::signal(libc::SIGABRT, report as *const () as libc::sighandler_t);
            libc::signal(libc::SIGSEGV, report as *const () as libc::sighandler_t);
        });
        let what = what.into();
        let key = {
            let mut running = RUNNING.lock().unwrap_or_else(|e| e.into_inner());
            let key = running.iter().map(|r| r.0).max().unwrap_or(0) + 1;
            running.push((key, format!("while running: {what}\n")));
            key
        };
        let limit = Duration::from_secs(seconds * if nightly() { 20 } else { 1 });
        let (done, gone) = mpsc::channel::<()>();
        thread::spawn(move || {
            if gone.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
                say(&format!("{what}: not done after {limit:?}, aborting\n"));
                std::process::abort();
            }
        });
        Self { key, _done: done }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(|e| e.into_inner());
        running.retain(|r| r.0 != self.key);
    }
}

/// Whether tests run their long versions.
pub fn nightly() -> bool {
    std::env::var_os("TRIGO_NIGHTLY").is_some()
}

/// Writes past the test harness, which drops what it captured when a process aborts.
pub fn say(text: &str) {
    // SAFETY: writes from a valid buffer.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

extern "C" fn report(signal: libc::c_int) {
    if let Ok(running) = RUNNING.try_lock() {
        running.iter().for_each(|(_, what)| say(what));
    }
    // SAFETY: the default action ends the process.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
