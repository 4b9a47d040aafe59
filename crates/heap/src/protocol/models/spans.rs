//! Spans: claimed runs against marks and the flip, ownership against the sweep, release against look-ups.

use super::{explore, marking::World};
use crate::{
    protocol::{bits, block_code::BlockCode, gate::Gate, sweep_word::SweepWord},
    sync::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, UnsafeCell, yield_now},
};
use loom::{sync::Mutex, thread};
use std::{ops::Range, sync::Arc};

/// How a marker sets, and the owner of a run fills, marks.
struct Marks {
    mark: fn(&[AtomicU8], usize),
    fill: fn(&[AtomicU8], Range<usize>, bool),
}

const SHIPPED: Marks = Marks {
    mark: |marks, slot| {
        bits::mark(&marks[slot]);
    },
    fill: bits::fill_marks,
};

/// The owner of a span claims slots 2 to 6 and allocates one of them, born marked; it gives the rest up in its answer to
/// the flip, and a sweep turns the marks into allocation bits. A marker marks other slots meanwhile.
fn claim_mark_flip(with: Marks) {
    const RUN: Range<usize> = 2..7;
    const TAIL: Range<usize> = 3..7;
    struct Span {
        bits: [AtomicU64; 1],
        marks: [AtomicU8; 9],
    }
    let span = Span { bits: [AtomicU64::new(1 << 8)], marks: [0; 9].map(AtomicU8::new) };
    let (span, with) = (Arc::new(span), Arc::new(with));
    let pool = Arc::new(super::pool());
    let gate = Arc::new(Gate::new(0));
    pool.enter();
    let marker = thread::spawn({
        let (span, pool, with) = (Arc::clone(&span), Arc::clone(&pool), Arc::clone(&with));
        move || {
            for slot in [1, 8] {
                (with.mark)(&span.marks, slot);
            }
            pool.leave();
        }
    });
    let owner = thread::spawn({
        let (span, gate, with) = (Arc::clone(&span), Arc::clone(&gate), Arc::clone(&with));
        move || {
            bits::set_run(&span.bits, RUN);
            (with.fill)(&span.marks, RUN, true);
            while gate.pending().is_none() {
                yield_now();
            }
            (with.fill)(&span.marks, TAIL, false);
            bits::clear_run(&span.bits, TAIL);
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
    assert_eq!(bits::pack_marks(&span.marks, &span.bits), 3, "marked and claimed slots");
    assert_eq!(bits::next_clear_run(&span.bits, 0, 9), Some(0..1));
    assert_eq!(bits::next_clear_run(&span.bits, 1, 9), Some(3..8));
    assert!(span.marks.iter().all(|mark| mark.load(Ordering::Relaxed) == 0));
    marker.join().unwrap();
    owner.join().unwrap();
}

/// Marks and claims side by side do not disturb each other, and the sweep finds exactly both.
#[test]
fn a_flip_finds_what_was_marked_and_what_was_claimed() {
    explore(2, || claim_mark_flip(SHIPPED));
}

/// Fails: a mark is set by writing its neighbours too, as a store to a whole word of marks would.
#[test]
#[should_panic(expected = "marked and claimed slots")]
fn marks_that_share_a_plain_store_are_lost() {
    let mark = |marks: &[AtomicU8], slot: usize| {
        let next = marks[(slot + 1) % 9].load(Ordering::Relaxed);
        marks[slot].store(1, Ordering::Relaxed);
        marks[(slot + 1) % 9].store(next, Ordering::Relaxed);
    };
    explore(2, move || claim_mark_flip(Marks { mark, ..SHIPPED }));
}

/// A list of one span, and how often that was swept for epoch 3.
struct List {
    epoch: Mutex<u32>,
    word: SweepWord,
    sweeps: UnsafeCell<u32>,
}

impl List {
    /// A span owned since epoch 2.
    fn new() -> Self {
        let word = SweepWord(AtomicU32::new(0));
        word.own(2);
        Self { epoch: Mutex::new(2), word, sweeps: UnsafeCell::new(0) }
    }

    fn sweep(&self, epoch: u32) {
        self.word.set_swept(epoch);
        // SAFETY: that nobody else is in here is what loom checks.
        self.sweeps.with_mut(|n| unsafe { *n += 1 });
    }

    /// The owner allocates in the span, without the lock.
    fn use_bits(&self) {
        // SAFETY: as in `sweep`.
        self.sweeps.with_mut(|n| assert!(unsafe { *n } <= 1));
    }

    fn put_back(&self) {
        let epoch = self.epoch.lock().unwrap();
        if self.word.disown(*epoch) {
            self.sweep(*epoch);
        }
    }

    /// Sweeps the span if it is due; `None` if somebody owns it or it has been swept.
    fn sweep_next(&self, due: fn(&SweepWord, u32) -> bool) {
        let epoch = self.epoch.lock().unwrap();
        if due(&self.word, *epoch) {
            self.sweep(*epoch);
        }
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
            let taken = {
                let epoch = list.epoch.lock().unwrap();
                // A mutator that has flipped takes the span for itself, swept; one that has not takes a fresh one.
                let taken = *epoch == 3;
                if taken {
                    if list.word.is_due(3) {
                        list.sweep(3);
                    }
                    list.word.own(3);
                }
                taken
            };
            if taken {
                list.use_bits();
                list.put_back();
            }
        }
    });
    *list.epoch.lock().unwrap() = 3;
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
