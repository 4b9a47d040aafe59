//! Files to wait for: what internal/poll asks, over epoll, with a thread that waits for all of them.
//!
//! A descriptor is never freed, only used again: an event that comes late makes another file look ready, and who reads
//! from that finds that it is not.

use crate::clock;
use crate::goroutine::Goroutine;
use crate::runtime;
use crate::sync::{Mutex, lock};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// What internal/poll is told.
pub(crate) const READY: i64 = 0;
const CLOSING: i64 = 1;
const TIMEOUT: i64 = 2;
/// The goroutine has waited, and asks again.
const AGAIN: i64 = -1;

/// Directions, as bits: Go's modes are `'r'`, `'w'` and their sum.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode {
    read: bool,
    write: bool,
}

impl Mode {
    pub(crate) fn of_go(mode: i64) -> Mode {
        let (r, w) = (i64::from(b'r'), i64::from(b'w'));
        Mode { read: mode == r || mode == r + w, write: mode == w || mode == r + w }
    }

    fn sides(self) -> impl Iterator<Item = usize> {
        [self.read, self.write].into_iter().enumerate().filter_map(|(side, on)| on.then_some(side))
    }
}

/// A descriptor.
pub(crate) struct Descriptor {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fd: i32,
    closing: bool,
    sides: [Side; 2],
}

#[derive(Default)]
struct Side {
    ready: bool,
    /// The goroutine that waits; 0 for none.
    waiter: usize,
    /// When to stop waiting: a time of the clock, 0 for never, -1 for what has passed.
    deadline: i64,
}

/// The poller.
struct Poller {
    epoll: i32,
    wake: i32,
    /// Deadlines: time, descriptor, side.
    deadlines: Mutex<BTreeSet<(i64, usize, usize)>>,
    free: Mutex<Vec<usize>>,
}

static POLLER: OnceLock<Poller> = OnceLock::new();

/// The poller, which is started when it is first asked for.
fn poller() -> &'static Poller {
    POLLER.get_or_init(|| {
        // SAFETY: makes two descriptors and joins them.
        let (epoll, wake) = unsafe {
            let epoll = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            let wake = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
            libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, wake, &mut event);
            (epoll, wake)
        };
        assert!(epoll >= 0 && wake >= 0, "runtime: no descriptor for the network poller");
        let thread = std::thread::Builder::new().name("poller".to_string());
        thread.spawn(|| poller().run()).expect("runtime: cannot create a thread");
        Poller { epoll, wake, deadlines: Mutex::default(), free: Mutex::default() }
    })
}

/// Whether a file is the poller's own.
pub(crate) fn is_own(fd: i32) -> bool {
    POLLER.get().is_some_and(|poller| fd == poller.epoll || fd == poller.wake)
}

/// Begins to watch a file: its descriptor, or an error number.
pub(crate) fn open(fd: i32) -> Result<&'static Descriptor, i32> {
    let poller = poller();
    let descriptor: &'static Descriptor = match lock(&poller.free).pop() {
        // SAFETY: descriptors are never freed.
        Some(at) => unsafe { &*(at as *const Descriptor) },
        None => Box::leak(Box::new(Descriptor { state: Mutex::default() })),
    };
    *lock(&descriptor.state) = State { fd, ..State::default() };
    let events = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
    let mut event = libc::epoll_event { events: events as u32, u64: &raw const *descriptor as u64 };
    // SAFETY: adds a file to the poller's set.
    if unsafe { libc::epoll_ctl(poller.epoll, libc::EPOLL_CTL_ADD, fd, &mut event) } == 0 {
        return Ok(descriptor);
    }
    lock(&poller.free).push(&raw const *descriptor as usize);
    Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL))
}

impl Descriptor {
    /// Ends watching the file. Nobody waits for it any more.
    pub(crate) fn close(&'static self) {
        let poller = poller();
        self.set_deadline(0, Mode { read: true, write: true });
        let fd = lock(&self.state).fd;
        // SAFETY: takes a file out of the poller's set.
        unsafe { libc::epoll_ctl(poller.epoll, libc::EPOLL_CTL_DEL, fd, std::ptr::null_mut()) };
        lock(&poller.free).push(&raw const *self as usize);
    }

    /// Forgets that a direction was ready.
    pub(crate) fn reset(&self, mode: Mode) -> i64 {
        let mut state = lock(&self.state);
        let error = state.error(mode);
        if error == READY {
            mode.sides().for_each(|side| state.sides[side].ready = false);
        }
        error
    }

    /// Whether a direction is ready, or why one need not wait; or notes that the goroutine, which parks next, waits.
    pub(crate) fn wait(&self, mode: Mode, goroutine: *mut Goroutine) -> i64 {
        let mut state = lock(&self.state);
        let error = state.error(mode);
        if error != READY {
            return error;
        }
        for side in mode.sides() {
            if std::mem::take(&mut state.sides[side].ready) {
                return READY;
            }
            state.sides[side].waiter = goroutine as usize;
        }
        // Before the lock is given back: who wakes the goroutine takes it off the count.
        runtime().scheduler.outside(true);
        AGAIN
    }

    /// Sets when to stop waiting: in so many nanoseconds, never if 0, and at once if less.
    pub(crate) fn set_deadline(&'static self, after: i64, mode: Mode) {
        let poller = poller();
        let at = &raw const *self as usize;
        let when = if after > 0 { clock::now().saturating_add(after) } else { after.max(-1) };
        let mut woken = Vec::new();
        let first;
        {
            let mut state = lock(&self.state);
            let mut deadlines = lock(&poller.deadlines);
            for side in mode.sides() {
                let old = std::mem::replace(&mut state.sides[side].deadline, when);
                if old > 0 {
                    deadlines.remove(&(old, at, side));
                }
                match when {
                    -1 => woken.push(state.sides[side].take_waiter()),
                    0 => {}
                    when => _ = deadlines.insert((when, at, side)),
                }
            }
            first = when > 0 && deadlines.first().is_some_and(|&(first, ..)| first == when);
        }
        wake(woken);
        if first {
            poller.interrupt();
        }
    }

    /// The file is about to be closed: nobody may wait any more.
    pub(crate) fn unblock(&self) {
        let mut state = lock(&self.state);
        state.closing = true;
        let woken = state.sides.iter_mut().map(Side::take_waiter).collect();
        drop(state);
        wake(woken);
    }

    fn make_ready(&self, mode: Mode) {
        let mut woken = Vec::new();
        {
            let mut state = lock(&self.state);
            for side in mode.sides() {
                state.sides[side].ready = true;
                woken.push(state.sides[side].take_waiter());
            }
        }
        wake(woken);
    }
}

impl State {
    fn error(&self, mode: Mode) -> i64 {
        match () {
            () if self.closing => CLOSING,
            () if mode.sides().any(|side| self.sides[side].deadline < 0) => TIMEOUT,
            () => READY,
        }
    }
}

impl Side {
    fn take_waiter(&mut self) -> usize {
        std::mem::take(&mut self.waiter)
    }
}

/// Makes goroutines ready that waited; zeros are none.
fn wake(goroutines: Vec<usize>) {
    for goroutine in goroutines.into_iter().filter(|&goroutine| goroutine != 0) {
        runtime().scheduler.ready(None, goroutine as *mut Goroutine);
        runtime().scheduler.outside(false);
    }
}

impl Poller {
    /// Has the thread look at the deadlines anew.
    fn interrupt(&self) {
        // SAFETY: adds one to the counter.
        unsafe { libc::write(self.wake, (&raw const ONE).cast(), 8) };
    }

    fn run(&self) {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 128];
        loop {
            let timeout = self.expire();
            // SAFETY: writes up to as many events as there is room for.
            let n = unsafe {
                libc::epoll_wait(self.epoll, events.as_mut_ptr(), events.len() as i32, timeout)
            };
            for event in &events[..n.max(0) as usize] {
                let (bits, at) = (event.events as i32, event.u64);
                if at == 0 {
                    let mut count = 0u64;
                    // SAFETY: takes the counter back to zero.
                    unsafe { libc::read(self.wake, (&raw mut count).cast(), 8) };
                    continue;
                }
                let broken = bits & (libc::EPOLLERR | libc::EPOLLHUP) != 0;
                let read = broken || bits & (libc::EPOLLIN | libc::EPOLLRDHUP) != 0;
                let write = broken || bits & libc::EPOLLOUT != 0;
                // SAFETY: descriptors are never freed.
                unsafe { &*(at as *const Descriptor) }.make_ready(Mode { read, write });
            }
        }
    }

    /// Wakes those whose deadline has passed; milliseconds to the next one, or -1.
    fn expire(&self) -> i32 {
        loop {
            let first = lock(&self.deadlines).first().copied();
            let Some((when, at, side)) = first else { return -1 };
            let left = when - clock::now();
            if left > 0 {
                return (left / 1_000_000 + 1).min(i64::from(i32::MAX)) as i32;
            }
            lock(&self.deadlines).remove(&(when, at, side));
            // SAFETY: descriptors are never freed.
            let mut state = lock(unsafe { &(*(at as *const Descriptor)).state });
            if state.sides[side].deadline == when {
                state.sides[side].deadline = -1;
                let waiter = state.sides[side].take_waiter();
                drop(state);
                wake(vec![waiter]);
            }
        }
    }
}

static ONE: u64 = 1;
