//! Spans: claimed runs against marks and the flip, ownership against the sweep, release against look-ups.

use super::{explore, marking::World};
use crate::{
    protocol::{bits, block_code::BlockCode, claim::Claim, gate::Gate, sweep_word::SweepWord},
    sync::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, UnsafeCell, yield_now},
};
use loom::{sync::Mutex, thread};
use std::sync::Arc;

/// The owner of a span claims slots 4, 5 and 7 black, allocates the first one and gives the rest up in its answer to the
/// flip by `give_up`; a marker marks two that were allocated before, one that is black already, and one that nobody has
/// allocated, to which a stale pointer leads, meanwhile. Then the span is swept.
fn claim_mark_flip(give_up: fn(&Claim, &[AtomicU8], &[AtomicU64])) {
    const SLOTS: usize = 12;
    struct Span {
        allocated: [AtomicU64; 1],
        marked: [AtomicU8; SLOTS],
    }
    let before = 1 << 3 | 1 << 6 | 1 << 10;
    let (allocated, marked) = ([AtomicU64::new(before)], [0; SLOTS].map(AtomicU8::new));
    let span = Arc::new(Span { allocated, marked });
    let pool = Arc::new(super::pool());
    let gate = Arc::new(Gate::new(0));
    pool.enter();
    let marker = thread::spawn({
        let (span, pool) = (Arc::clone(&span), Arc::clone(&pool));
        move || {
            for slot in [3, 4, 10, 11] {
                bits::mark(&span.marked[slot]);
            }
            pool.leave();
        }
    });
    let owner = thread::spawn({
        let (span, gate) = (Arc::clone(&span), Arc::clone(&gate));
        move || {
            let mut claim = Claim::find(&span.allocated, 4, SLOTS, 4).unwrap();
            assert_eq!((claim.run.clone(), claim.slots()), (4..6, 3));
            claim.take(&span.allocated);
            claim.fill_marks(&span.marked, true);
            claim.run.start += 1;
            while gate.pending().is_none() {
                yield_now();
            }
            give_up(&claim, &span.marked, &span.allocated);
            gate.finish(1);
        }
    });
    while !pool.is_quiet() {
        yield_now();
    }
    gate.ask(1);
    while !gate.has_answered(1) {
        yield_now();
    }
    let live = bits::pack_marks(&span.marked, &span.allocated);
    assert_eq!(live, 3, "marked and claimed slots");
    assert_eq!(span.allocated[0].load(Ordering::Relaxed), 1 << 3 | 1 << 4 | 1 << 10);
    marker.join().unwrap();
    owner.join().unwrap();
}

/// Marks and black claims side by side do not disturb each other, and the sweep finds exactly both.
#[test]
fn a_sweep_finds_what_was_marked_and_what_was_claimed() {
    explore(2, || {
        claim_mark_flip(|claim, marks, allocated| {
            claim.fill_marks(marks, false);
            claim.give_up(allocated);
        });
    });
}

/// Fails: the owner keeps the slots that it did not use.
#[test]
#[should_panic(expected = "marked and claimed slots")]
fn a_flip_that_keeps_a_tail_finds_objects_that_are_none() {
    explore(2, || claim_mark_flip(|_, _, _| {}));
}

/// A list of one span, and how often that was swept for epoch 3.
struct List {
    /// The epoch, and whether the span is filed as partial.
    state: Mutex<(u32, bool)>,
    word: SweepWord,
    sweeps: UnsafeCell<u32>,
}

impl List {
    /// A span owned since epoch 2.
    fn new() -> Self {
        let word = SweepWord(AtomicU32::new(0));
        word.own(2);
        Self { state: Mutex::new((2, false)), word, sweeps: UnsafeCell::new(0) }
    }

    fn sweep(&self) {
        // SAFETY: that nobody else is in here is what loom checks.
        self.sweeps.with_mut(|n| unsafe { *n += 1 });
    }

    /// The owner allocates in the span, without the lock.
    fn use_bits(&self) {
        // SAFETY: as in `sweep`.
        self.sweeps.with_mut(|n| assert!(unsafe { *n } <= 1));
    }

    fn put_back(&self) {
        let mut state = self.state.lock().unwrap();
        if self.word.disown(state.0) {
            self.word.set_swept(state.0);
            self.sweep();
        }
        state.1 = true;
    }

    /// A mutator that has flipped takes the span for itself, swept; one that has not takes a fresh one.
    fn take(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        let found = if state.0 != 3 {
            false
        } else if self.word.is_due(3) {
            self.word.set_swept(3);
            self.sweep();
            true
        } else {
            std::mem::take(&mut state.1)
        };
        if found {
            self.word.own(3);
        }
        found
    }

    /// The collector sweeps the span if it is due, outside of the lock as its owner.
    fn sweep_next(&self, due: fn(&SweepWord, u32) -> bool) {
        {
            let state = self.state.lock().unwrap();
            if !due(&self.word, state.0) {
                return;
            }
            self.word.own(state.0);
        }
        self.sweep();
        let mut state = self.state.lock().unwrap();
        assert!(!self.word.disown(state.0));
        state.1 = true;
    }
}

/// A mutator gives up its span, and takes it again, while the list is prepared for the next epoch and swept.
fn ownership(due: fn(&SweepWord, u32) -> bool) {
    let list = Arc::new(List::new());
    let owner = thread::spawn({
        let list = Arc::clone(&list);
        move || {
            list.use_bits();
            list.put_back();
            if list.take() {
                list.use_bits();
                list.put_back();
            }
        }
    });
    *list.state.lock().unwrap() = (3, false);
    list.sweep_next(due);
    list.sweep_next(due);
    owner.join().unwrap();
    // SAFETY: the owner has ended.
    list.sweeps.with(|n| assert_eq!(unsafe { *n }, 1, "sweeps for the epoch"));
}

/// The sweep leaves an owned span to its owner, and each span is swept once.
#[test]
fn a_span_is_swept_once_and_never_while_it_is_owned() {
    explore(3, || ownership(SweepWord::is_due));
}

/// Fails: the sweep takes every span for unowned.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_sweep_that_ignores_owners_shares_their_spans() {
    explore(3, || ownership(|_, _| true));
}

/// A block, and the tables that its code leads to.
struct Block {
    code: BlockCode,
    /// The kind that the tables describe.
    kind: UnsafeCell<u16>,
}

impl Block {
    fn new(code: u16) -> Self {
        Self { code: BlockCode(AtomicU16::new(code)), kind: UnsafeCell::new(code) }
    }

    /// Looks up an address of the block.
    fn find(&self) -> u16 {
        let code = self.code.get();
        if code != BlockCode::FREE {
            // SAFETY: that nobody writes here meanwhile is what loom checks.
            self.kind.with(|kind| assert_eq!(unsafe { *kind }, code, "the block was retyped"));
        }
        code
    }

    fn write_tables(&self, kind: u16) {
        // SAFETY: as in `find`.
        self.kind.with_mut(|k| unsafe { *k = kind });
    }
}

/// A marker takes a word that leads into a block and looks it up; the collector gives the block to another kind, after
/// `wait`.
fn release(wait: fn(&World)) {
    let (world, block) = (Arc::new(World::new([0; 4])), Arc::new(Block::new(7)));
    world.shade(1);
    let marker = thread::spawn({
        let (world, block) = (Arc::clone(&world), Arc::clone(&block));
        move || {
            world.pool.enter();
            while let Some(mut packet) = world.pool.take() {
                while packet.pop().is_some() {
                    block.find();
                }
                world.pool.recycle(packet);
            }
            world.pool.leave();
        }
    });
    wait(&world);
    block.code.unpublish();
    block.write_tables(8);
    block.code.publish(8);
    marker.join().unwrap();
    assert_eq!(block.find(), 8);
}

/// A span is released after marking has closed, so no marker sees it change.
#[test]
fn a_marker_never_sees_a_retyped_span() {
    explore(3, || {
        release(|world| {
            world.close(|| world.pool.closing_round(|| {}));
        });
    });
}

/// Fails: the span is released when no work is left to take, and a marker still looks up what it took.
#[test]
#[should_panic(expected = "Causality violation")]
fn releasing_a_span_before_marking_has_closed_is_seen() {
    explore(3, || {
        release(|world| {
            while !world.pool.is_empty() {
                yield_now();
            }
        });
    });
}

/// A mutator publishes a fresh span by `publish` while a marker looks up a word that leads there by chance.
fn publication(publish: fn(&BlockCode, u16)) {
    let block = Arc::new(Block::new(BlockCode::FREE));
    let marker = thread::spawn({
        let block = Arc::clone(&block);
        move || block.find()
    });
    block.write_tables(9);
    publish(&block.code, 9);
    marker.join().unwrap();
}

/// Who finds a fresh span also finds its tables written.
#[test]
fn a_fresh_span_is_found_complete_or_not_at_all() {
    explore(3, || publication(BlockCode::publish));
}

/// Fails: the code is published without Release.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_publication_is_found_incomplete() {
    explore(3, || publication(|code, kind| code.0.store(kind, Ordering::Relaxed)));
}
