//! Stacks of the client's own, which come and go by the hundred thousand.
//!
//! A stack is scanned by the mutator that runs it, or by the collector while it is parked, or by the mutator that
//! resumes it; [`StackClaim`] decides which. Invariant: a stack that is registered when the mutators have
//! scanned theirs keeps its place in the table until it is removed, so the collector's walk meets it; one that
//! is registered later holds nothing that only it holds.

use crate::{
    heap::Shared,
    mark::Greyer,
    protocol::stack_claim::StackClaim,
    roots::Excluded,
    sync::{AtomicUsize, Mutex, Ordering, lock},
};
use std::{ops::Range, sync::Arc};

/// Stacks that the collector takes from the table at a time.
const BATCH: usize = 64;

/// A stack of the client's own: a goroutine's, say. It is scanned conservatively, by the mutator that runs it or,
/// while it is parked, by the collector. Stacks grow downwards. It is made by [`Mutator::new_stack`] or
/// [`Mutator::new_parked_stack`], taken off its thread by [`Mutator::park_stack`], put on one by
/// [`Mutator::resume_stack`], and given up by [`Mutator::remove_stack`].
///
/// ```
/// use trigo_heap::{Config, Heap, Layout};
///
/// let heap = Heap::new(Config::default())?;
/// let mut mutator = heap.attach();
/// let object = mutator.alloc(Layout::NO_SCAN, 8)?;
///
/// let mut words = [0usize; 64];
/// // SAFETY: it is parked before the next safepoint.
/// let stack = unsafe { mutator.new_stack(words.as_mut_ptr_range().end.cast()) };
/// // Here the client would switch to the stack. What runs there leaves a pointer in a frame ...
/// words[62] = object.as_ptr() as usize;
/// // ... and waits for something.
/// // SAFETY: nothing runs on the stack, and its live part is as it will be until it is resumed.
/// unsafe { mutator.park_stack((&raw const words[60]).cast()) };
/// mutator.collect();
/// assert_eq!(heap.stats().live_objects, 1);
///
/// mutator.remove_stack(&stack); // it will not run again
/// mutator.collect();
/// assert_eq!(heap.stats().live_objects, 0);
/// # Ok::<(), trigo_heap::Error>(())
/// ```
///
/// [`Mutator::new_stack`]: crate::Mutator::new_stack
/// [`Mutator::new_parked_stack`]: crate::Mutator::new_parked_stack
/// [`Mutator::park_stack`]: crate::Mutator::park_stack
/// [`Mutator::resume_stack`]: crate::Mutator::resume_stack
/// [`Mutator::remove_stack`]: crate::Mutator::remove_stack
#[derive(Debug)]
pub struct Stack {
    claim: StackClaim,
    /// The highest address of the segment that runs, or did before it was parked.
    top: AtomicUsize,
    sp: AtomicUsize,
    /// The live parts of the segments that it will return to, the innermost last.
    outer: Mutex<Vec<Range<usize>>>,
    /// Where in the table it stands.
    place: AtomicUsize,
}

impl Stack {
    /// A stack whose highest address is `top`, born running and, being empty, scanned in `cycle`.
    pub(crate) fn new(top: usize, cycle: u32) -> Self {
        Self {
            claim: StackClaim::born(cycle),
            top: AtomicUsize::new(top),
            sp: AtomicUsize::new(top),
            outer: Mutex::default(),
            place: AtomicUsize::new(usize::MAX),
        }
    }

    /// Parks the stack, which runs no more and lives from `sp` on.
    pub(crate) fn park(&self, sp: usize) {
        // Relaxed: ordered by the claim.
        self.sp.store(sp, Ordering::Relaxed);
        self.claim.park();
    }

    /// Whether the stack is parked, or being scanned while parked. Never blocks.
    pub fn is_parked(&self) -> bool {
        self.claim.is_off_cpu()
    }

    /// The highest address of the segment that it runs on.
    pub fn top(&self) -> usize {
        self.top.load(Ordering::Relaxed)
    }

    pub(crate) fn claim(&self) -> &StackClaim {
        &self.claim
    }

    /// Goes on at `top`, and leaves `sp` and what is above it behind (its owner).
    pub(crate) fn enter_segment(&self, sp: usize, top: usize) {
        lock(&self.outer).push(sp..self.top());
        self.top.store(top, Ordering::Relaxed);
    }

    /// Returns to the segment before; the stack pointer there, or `None` if there is none (its owner).
    pub(crate) fn leave_segment(&self) -> Option<usize> {
        let part = lock(&self.outer).pop()?;
        self.top.store(part.end, Ordering::Relaxed);
        Some(part.start)
    }

    /// Shades what a parked stack holds; how many bytes that were. The caller has claimed it.
    pub(crate) fn scan(&self, greyer: &mut Greyer<'_>) -> usize {
        // Relaxed: written before the park that the claim synchronised with.
        let sp = self.sp.load(Ordering::Relaxed);
        // SAFETY: the parking worker vouched for the range, and the claim keeps it parked.
        unsafe { self.scan_from(greyer, sp) }
    }

    /// Shades what the stack holds from `sp` on; how many bytes that were.
    ///
    /// # Safety
    /// 1. The caller runs the stack or has claimed it, and `sp` is where its live part begins.
    pub(crate) unsafe fn scan_from(&self, greyer: &mut Greyer<'_>, sp: usize) -> usize {
        self.each_part(sp, |part| {
            // SAFETY: the owner vouched for the parts, and the caller keeps it from changing them.
            unsafe { greyer.words(part.start, part.end) };
        })
    }

    /// Whether the stack is in the table.
    pub(crate) fn is_registered(&self) -> bool {
        self.place.load(Ordering::Relaxed) != usize::MAX
    }

    /// Calls `f` with each live part, if the innermost begins at `sp`; how many bytes they are.
    pub(crate) fn each_part(&self, sp: usize, mut f: impl FnMut(Range<usize>)) -> usize {
        let mut bytes = 0;
        let mut part = |part: Range<usize>| {
            bytes += part.len();
            f(part);
        };
        part(sp..self.top());
        lock(&self.outer).iter().cloned().for_each(part);
        bytes
    }
}

/// All stacks of a heap.
#[derive(Debug, Default)]
pub(crate) struct Stacks(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    places: Vec<Option<Arc<Stack>>>,
    free: Vec<usize>,
}

impl Stacks {
    pub(crate) fn add(&self, stack: Arc<Stack>) {
        let table = &mut *lock(&self.0);
        let place = table.free.pop().unwrap_or(table.places.len());
        stack.place.store(place, Ordering::Relaxed);
        if place == table.places.len() {
            table.places.push(None);
        }
        table.places[place] = Some(stack);
    }

    /// Removes a stack; one that has been removed is ignored.
    pub(crate) fn remove(&self, stack: &Stack) {
        let table = &mut *lock(&self.0);
        let place = stack.place.swap(usize::MAX, Ordering::Relaxed);
        if place != usize::MAX {
            table.places[place] = None;
            table.free.push(place);
        }
    }

    /// Calls `f` with each stack. The lock is taken for a few at a time, so that nobody waits for the whole walk.
    fn each(&self, mut f: impl FnMut(&Stack)) {
        let mut batch = Vec::with_capacity(BATCH);
        for from in (0..).step_by(BATCH) {
            {
                let table = lock(&self.0);
                let Some(rest) = table.places.get(from..) else { return };
                batch.extend(rest.iter().take(BATCH).flatten().cloned());
                if rest.is_empty() {
                    return;
                }
            }
            batch.drain(..).for_each(|stack| f(&stack));
        }
    }

    /// Scans every parked stack that has not been scanned in `cycle` and is not excluded; how many bytes that were.
    /// Stacks that run are scanned by their workers.
    pub(crate) fn scan(&self, heap: &Shared, cycle: u32, excluded: &Excluded) -> usize {
        // One for all of them: a packet for each would be more memory than the stacks.
        let mut greyer = Greyer::new(heap);
        let mut bytes = 0;
        self.each(|stack| {
            if !excluded.stacks.contains(&(&raw const *stack)) && stack.claim.try_scan(cycle) {
                bytes += stack.scan(&mut greyer);
                stack.claim.scanned_in(cycle);
            }
        });
        bytes
    }

    /// Calls `f` with the live parts of each stack that no held mutator tells of: of those that are parked, and the outer
    /// segments of those that run. Means something only while all mutators are held.
    pub(crate) fn each_held_part(&self, mut f: impl FnMut(Range<usize>)) {
        self.each(|stack| {
            if stack.is_parked() {
                stack.each_part(stack.sp.load(Ordering::Relaxed), &mut f);
            } else {
                lock(&stack.outer).iter().cloned().for_each(&mut f);
            }
        });
    }
}
