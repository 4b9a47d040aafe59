//! The pacer: when a cycle starts, how large the heap may grow meanwhile, and who pays for marking.
//!
//! Pure arithmetic over measurements, after Go's pacer (`runtime/mgcpacer.go`, and the design
//! documents golang/proposal 44167 and 48409): the goal lies `gc_percent` above what is live, the
//! trigger so far below the goal that marking ends in time at the measured rates, and mutators that
//! allocate while marking pay a share of the work in proportion to the room that is left.

/// Share of all processors that marking may use without assists.
pub(crate) const BACKGROUND_SHARE: f64 = 0.25;
/// Cycles whose rates are remembered; the most pessimistic one counts.
const MEMORY: usize = 4;
/// The part of the goal that mutators have at least left to allocate in, as far as their debts go.
const LEAST_ROOM: f64 = 256.0;
/// Work is never estimated to be less than this many bytes.
const LEAST_WORK: f64 = 1000.0;

/// What the client has asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Targets {
    pub(crate) gc_percent: Option<u32>,
    pub(crate) memory_limit: Option<usize>,
    pub(crate) min_heap: usize,
}

/// Memory of the heap beside its live objects, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beside {
    /// Stacks and other roots that were scanned.
    pub(crate) roots: usize,
    /// Memory outside that counts towards goal and limit.
    pub(crate) external: usize,
    /// Tables and fragmentation: counts towards the limit only.
    pub(crate) overhead: usize,
    /// Memory for objects that the heap has already: a goal within it costs nothing.
    pub(crate) resident: usize,
}

/// The pacer's state.
#[derive(Debug)]
pub(crate) struct Pacer {
    pub(crate) targets: Targets,
    /// Bytes marked by the last cycle.
    pub(crate) marked: usize,
    /// Those of them that were born while it marked.
    pub(crate) born_black: usize,
    /// Bytes scanned by the last cycle.
    pub(crate) scanned: usize,
    pub(crate) beside: Beside,
    /// Allocated bytes per scanned byte, in time that marking had: one entry a cycle.
    cons_mark: [f64; MEMORY],
    cycles: usize,
}

/// What is decided for the time until the next cycle ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Heap bytes at which the next cycle starts.
    pub(crate) trigger: usize,
    /// Heap bytes that the cycle is to end below.
    pub(crate) goal: usize,
    /// Heap bytes beyond which mutators wait for a flip.
    pub(crate) bound: usize,
}

impl Pacer {
    pub(crate) fn new(targets: Targets) -> Self {
        Self {
            targets,
            marked: 0,
            born_black: 0,
            scanned: 0,
            beside: Beside::default(),
            cons_mark: [0.0; MEMORY],
            cycles: 0,
        }
    }

    /// The goal and trigger from what the last cycle found. Without a percentage and a limit, both are `usize::MAX`.
    pub(crate) fn plan(&self) -> Plan {
        let goal = self.goal();
        if goal == usize::MAX {
            return Plan { trigger: usize::MAX, goal, bound: usize::MAX };
        }
        let marked = self.marked.min(goal);
        let room = (goal - marked) as f64;
        let runway = self.rate() * (self.scanned + self.beside.roots) as f64;
        let low = marked + (room * 0.7) as usize;
        let high = (marked + (room * 0.95) as usize).max(goal.saturating_sub(4 << 20));
        let trigger = goal.saturating_sub(runway as usize).clamp(low, high.max(low));
        Plan { trigger, goal, bound: self.bound(0, goal) }
    }

    /// What was born while the last cycle marked counts as live, though most of it may have died since. So it is no reason for
    /// the heap to grow: that it raises the goal is for memory that the heap has.
    fn goal(&self) -> usize {
        let by_percent = self.targets.gc_percent.map_or(usize::MAX, |percent| {
            let base = self.marked.saturating_add(self.beside.roots);
            let base = base.saturating_add(self.beside.external);
            let least = percent_of(self.targets.min_heap, percent);
            let above = |bytes| self.marked.saturating_add(percent_of(bytes, percent)).max(least);
            let proven = above(base.saturating_sub(self.born_black));
            above(base).min(self.beside.resident.max(proven))
        });
        by_percent.min(self.goal_by_limit().max(self.marked))
    }

    /// The heap bytes that the memory limit leaves room for.
    fn goal_by_limit(&self) -> usize {
        self.targets.memory_limit.map_or(usize::MAX, |limit| {
            let others = self.beside.overhead.saturating_add(self.beside.external);
            let left = limit.saturating_sub(others);
            let headroom = (left / 20).max(1 << 20);
            left.saturating_sub(headroom)
        })
    }

    /// The heap bytes beyond which mutators wait for the flip of a cycle that began at `start` bytes, or has not begun: the
    /// goal, and for a collector that does not get a processor at once a tenth of it and the least heap. A memory
    /// limit leaves no such room, unless the live heap itself leaves next to none below the limit: then the bound is
    /// [`Pacer::twice`], and any lower one would only bring the program to a halt.
    pub(crate) fn bound(&self, start: usize, goal: usize) -> usize {
        if !self.can_hold_limit() {
            return self.twice().max(start);
        }
        let room = (goal / 10).saturating_add(self.targets.min_heap);
        goal.max(start).saturating_add(room).min(self.goal_by_limit().max(start))
    }

    /// The bound from a flip that found [`Self::marked`] bytes alive until the sweep has ended. A memory limit leaves next to
    /// no room then: free memory that no sweep has found yet would have to be made up for by more.
    pub(crate) fn bound_while_sweeping(&self) -> usize {
        let limit = self.goal_by_limit();
        if limit == usize::MAX || !self.can_hold_limit() {
            return self.bound(0, self.goal());
        }
        self.marked.saturating_add(limit / 64)
    }

    /// Whether the limit leaves an eighth of the live heap to allocate in. Cycles would follow each other closely otherwise.
    pub(crate) fn can_hold_limit(&self) -> bool {
        self.goal_by_limit() > self.marked.saturating_add(self.marked / 8)
    }

    /// Twice what is live, and the least heap: what a limit that cannot be held still lets the heap grow to.
    pub(crate) fn twice(&self) -> usize {
        self.marked.saturating_mul(2).saturating_add(self.targets.min_heap)
    }

    /// Scan bytes a mutator owes per byte it allocates, when `live` of `goal` bytes are allocated and `done` bytes scanned.
    /// The room never counts as less than a part of the goal: beyond the goal, the bound takes over.
    pub(crate) fn assist_ratio(&self, live: usize, goal: usize, done: usize) -> f64 {
        let expected = (self.scanned + self.beside.roots) as f64;
        let mut left = expected - done as f64;
        let mut room = goal.saturating_sub(live) as f64;
        if left < LEAST_WORK {
            // More was live than expected: at worst everything is, and the goal moves out a little.
            left = (live.max(done) - done) as f64;
            room = (goal as f64 * 1.1 - live as f64).max(0.0);
        }
        left.max(LEAST_WORK) / room.max(goal as f64 / LEAST_ROOM).max(64.0 * 1024.0)
    }

    /// Takes in a finished cycle. `marking` and `mutating` are processor seconds spent on each while it marked.
    pub(crate) fn learn(
        &mut self,
        marked: usize,
        scanned: usize,
        allocated: usize,
        marking: f64,
        mutating: f64,
    ) {
        (self.marked, self.born_black) = (marked, allocated);
        self.scanned = scanned;
        if scanned > 0 && mutating > 0.0 && marking > 0.0 {
            // Bytes allocated per processor second, over bytes scanned per processor second, when marking
            // gets its background share and mutators the rest.
            let alloc_rate = allocated as f64 / mutating * (1.0 - BACKGROUND_SHARE);
            let mark_rate = scanned as f64 / marking * BACKGROUND_SHARE;
            self.cons_mark[self.cycles % MEMORY] = (alloc_rate / mark_rate).min(16.0);
            self.cycles += 1;
        }
    }

    fn rate(&self) -> f64 {
        self.cons_mark.iter().copied().fold(0.0, f64::max)
    }
}

/// `percent` percent of `bytes`, at most `usize::MAX`.
fn percent_of(bytes: usize, percent: u32) -> usize {
    let product = bytes as u128 * u128::from(percent) / 100;
    usize::try_from(product).unwrap_or(usize::MAX)
}

/// The limiter: keeps collecting from taking more than half of the processors' time over a second or
/// so (Go's `runtime/mgclimit.go`). A leaky bucket, filled by collector time and drained by mutator time.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    fill: f64,
    /// The cycle in which it was last in force; zero if never.
    pub(crate) last_enabled: u64,
}

impl Limiter {
    /// Takes in processor seconds; true while assists are to be left out.
    pub(crate) fn update(
        &mut self,
        collecting: f64,
        mutating: f64,
        processors: usize,
        cycle: u64,
    ) -> bool {
        let capacity = processors as f64;
        self.fill = (self.fill + collecting - mutating).clamp(0.0, capacity);
        let limiting = self.fill >= capacity;
        if limiting {
            self.last_enabled = cycle;
        }
        limiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn pacer(gc_percent: Option<u32>, memory_limit: Option<usize>) -> Pacer {
        Pacer::new(Targets { gc_percent, memory_limit, min_heap: 4 * MIB })
    }

    #[test]
    fn the_goal_is_gc_percent_above_live_and_roots() {
        let mut p = pacer(Some(100), None);
        assert_eq!(p.plan().goal, 4 * MIB);
        p.marked = 100 * MIB;
        p.beside.roots = 2 * MIB;
        assert_eq!(p.plan().goal, 202 * MIB);
        p.targets.gc_percent = Some(50);
        assert_eq!(p.plan().goal, 151 * MIB);
        p.targets.gc_percent = None;
        assert_eq!(p.plan(), Plan { trigger: usize::MAX, goal: usize::MAX, bound: usize::MAX });
    }

    #[test]
    fn what_was_born_black_raises_the_goal_within_memory_that_the_heap_has() {
        let mut p = pacer(Some(100), None);
        (p.marked, p.born_black) = (100 * MIB, 20 * MIB);
        for (resident, goal) in [(0, 180), (150, 180), (190, 190), (300, 200)] {
            p.beside.resident = resident * MIB;
            assert_eq!(p.plan().goal, goal * MIB, "{resident}");
        }
    }

    #[test]
    fn the_trigger_leaves_room_for_marking_at_the_measured_rate() {
        let mut p = pacer(Some(100), None);
        p.beside.resident = 200 * MIB;
        p.learn(100 * MIB, 100 * MIB, 10 * MIB, 0.1, 0.1);
        let slow = p.plan();
        assert!(slow.trigger < slow.goal && slow.trigger >= 170 * MIB);
        let mut q = pacer(Some(100), None);
        q.learn(100 * MIB, 100 * MIB, 100, 0.1, 0.1);
        assert!(q.plan().trigger > slow.trigger);
    }

    #[test]
    fn a_limit_below_the_live_heap_gives_a_goal_of_the_live_heap_and_no_less() {
        let mut p = pacer(Some(100), Some(10 * MIB));
        p.marked = 50 * MIB;
        assert_eq!(p.plan().goal, 50 * MIB);
        p.marked = MIB;
        p.targets.gc_percent = None;
        assert_eq!(p.plan().goal, 9 * MIB);
    }

    #[test]
    fn the_bound_leaves_room_beyond_the_goal_and_beyond_a_heap_that_is_larger() {
        let p = pacer(Some(100), None);
        assert_eq!(p.bound(50 * MIB, 100 * MIB), 114 * MIB);
        assert_eq!(p.bound(150 * MIB, 100 * MIB), 164 * MIB);
        assert_eq!(p.bound(50 * MIB, usize::MAX), usize::MAX);
        assert_eq!(pacer(None, None).plan().bound, usize::MAX);
    }

    #[test]
    fn the_bound_is_a_limit_that_can_be_held_and_else_twice_the_live_heap() {
        let mut p = pacer(Some(400), Some(64 * MIB));
        p.marked = 20 * MIB;
        assert!((60 * MIB..64 * MIB).contains(&p.plan().bound));
        p.beside.overhead = 20 * MIB;
        assert!((40 * MIB..44 * MIB).contains(&p.plan().bound));
        assert!((20 * MIB..21 * MIB).contains(&p.bound_while_sweeping()));
        p.marked = 60 * MIB;
        assert_eq!(p.plan().bound, 124 * MIB);
        assert_eq!(p.bound_while_sweeping(), 124 * MIB);
        assert!(pacer(Some(100), None).bound_while_sweeping() > 4 * MIB);
    }

    #[test]
    fn assists_rise_as_the_room_shrinks() {
        let mut p = pacer(Some(100), None);
        p.scanned = 100 * MIB;
        let early = p.assist_ratio(150 * MIB, 200 * MIB, 0);
        let late = p.assist_ratio(195 * MIB, 200 * MIB, 0);
        assert!((early - 2.0).abs() < 0.01 && late > 19.0);
        assert!(p.assist_ratio(300 * MIB, 200 * MIB, 0).is_finite());
    }

    #[test]
    fn the_limiter_acts_when_collecting_outweighs_the_program_for_a_second() {
        let mut limiter = Limiter::default();
        assert!(!limiter.update(0.5, 0.1, 1, 1));
        assert!(limiter.update(1.0, 0.1, 1, 2));
        assert!(!limiter.update(0.0, 0.5, 1, 3));
        assert_eq!(limiter.last_enabled, 2);
    }
}
