//! A tiny world for models of marking: objects with one field each, mutators with a barrier buffer, a marker.
//!
//! What is modelled of the layers above is as short as it can be and in the same order as there:
//! [`Mutator::flush`] and [`Mutator::safepoint`] follow `mutator/answer.rs`, [`World::mark`] follows `mark/mod.rs`.

use crate::{
    protocol::{
        bits,
        gate::Gate,
        packets::{Outbox, Packet, Pool},
    },
    sync::{AtomicU8, AtomicU32, AtomicUsize, Ordering, UnsafeCell, yield_now},
};

/// Objects of a world; number 0 is null.
pub(super) const OBJECTS: usize = 4;

/// A heap of objects, and one pool of work.
pub(super) struct World {
    pub(super) pool: Pool,
    pub(super) marks: [AtomicU8; OBJECTS],
    pub(super) fields: [AtomicUsize; OBJECTS],
    /// How this world's markers take work.
    pub(super) take: fn(&Pool) -> Option<Packet>,
    /// Whether they publish what they find, rather than mark it themselves.
    pub(super) spills: bool,
}

/// A mutator that has been scanned: its gate, and what only the holder of the gate may touch.
pub(super) struct Mutator {
    pub(super) gate: Gate,
    private: UnsafeCell<Private>,
    /// A flush found white entries.
    found: AtomicU32,
}

/// What a mutator keeps to itself.
#[derive(Default)]
pub(super) struct Private {
    pub(super) buffer: Vec<usize>,
    /// A reference on its stack.
    pub(super) held: usize,
}

impl World {
    pub(super) fn new(fields: [usize; OBJECTS]) -> Self {
        Self {
            pool: super::pool(),
            marks: [0; OBJECTS].map(AtomicU8::new),
            fields: fields.map(AtomicUsize::new),
            take: Pool::take,
            spills: false,
        }
    }

    pub(super) fn is_white(&self, object: usize) -> bool {
        self.marks[object].load(Ordering::Relaxed) == 0
    }

    /// Publishes `object` as work.
    pub(super) fn shade(&self, object: usize) {
        Outbox::new(&self.pool).push(object);
    }

    /// Marks until nothing is left to take.
    pub(super) fn mark(&self) {
        self.pool.enter();
        self.go_on(None);
    }

    /// As [`World::mark`], for a marker that is counted active and may have taken a packet.
    pub(super) fn go_on(&self, mut packet: Option<Packet>) {
        while let Some(mut work) = packet.take().or_else(|| (self.take)(&self.pool)) {
            let mut stack = Vec::new();
            while let Some(object) = work.pop() {
                stack.push(object);
            }
            self.pool.recycle(work);
            while let Some(object) = stack.pop() {
                if bits::mark(&self.marks[object]) {
                    let child = self.fields[object].load(Ordering::Relaxed);
                    if child != 0 && self.spills {
                        self.shade(child);
                    } else if child != 0 {
                        stack.push(child);
                    }
                }
            }
        }
        self.pool.leave();
    }

    /// Tries rounds, and marks between them, until one succeeds. Returns the marks as the collector sees them then.
    pub(super) fn close(&self, mut round: impl FnMut() -> bool) -> u64 {
        while !round() {
            self.mark();
            yield_now();
        }
        let marked = (0..OBJECTS).filter(|&object| !self.is_white(object));
        marked.fold(0, |marks, object| marks | 1 << object)
    }

    /// Fails if `object`, or anything it reaches, is not in `marks`.
    pub(super) fn assert_reached(&self, mut object: usize, marks: u64) {
        while object != 0 {
            assert!(marks >> object & 1 != 0, "reachable object {object} is white");
            object = self.fields[object].load(Ordering::Relaxed);
        }
    }
}

impl Mutator {
    pub(super) fn new(private: Private) -> Self {
        let gate = Gate::new(0);
        gate.finish(0);
        Self { gate, private: UnsafeCell::new(private), found: AtomicU32::new(0) }
    }

    /// The private part, which the caller holds.
    pub(super) fn private<R>(&self, f: impl FnOnce(&mut Private) -> R) -> R {
        // SAFETY: that nobody else is in here is what loom checks.
        self.private.with_mut(|private| f(unsafe { &mut *private }))
    }

    /// Loads the field of `object` and stores null there, with the deletion barrier: the old value is on the stack and
    /// in the buffer now.
    pub(super) fn take_field(&self, world: &World, object: usize) {
        let old = world.fields[object].load(Ordering::Relaxed);
        self.private(|private| {
            private.held = old;
            if old != 0 {
                private.buffer.push(old);
            }
        });
        world.fields[object].store(0, Ordering::Release);
    }

    /// Publishes the white entries of the buffer. Not a safepoint.
    pub(super) fn flush(&self, world: &World) {
        let buffer = self.private(|private| std::mem::take(&mut private.buffer));
        if buffer.is_empty() || world.pool.closing().is_closed() {
            return;
        }
        let mut out = Outbox::new(&world.pool);
        for object in buffer.into_iter().filter(|&object| world.is_white(object)) {
            out.push(object);
            self.found.store(1, Ordering::Relaxed);
        }
    }

    /// Answers what the collector asks, if it does.
    pub(super) fn safepoint(&self, world: &World) {
        if self.gate.must_poll()
            && let Some(n) = self.gate.pending()
        {
            self.flush(world);
            self.gate.finish(n);
        }
    }

    /// Visits the mutator for the collector, as handshake `n`; whether it had white entries since the last visit.
    pub(super) fn visit(&self, world: &World, n: u32) -> bool {
        self.gate.ask(n);
        while !self.gate.has_answered(n) && !self.gate.answer_for(n, || self.flush(world)) {
            yield_now();
        }
        self.found.swap(0, Ordering::Relaxed) != 0
    }
}
