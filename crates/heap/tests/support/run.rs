//! Whole programs: a heap, its worlds, and threads that make trouble for them.

use super::{
    source::{Seeded, Source},
    watch::Watch,
    world::{Abilities, Ground, NATIVES, World},
};
use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use trigo_heap::{Config, CycleRecord, Debug, Heap, Observer};

/// A program to run.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// What decides all that it does.
    pub seed: u64,
    /// Operations of each of its worlds.
    pub operations: u64,
    /// Worlds, each on a thread of its own.
    pub worlds: usize,
    /// The heap's own checks.
    pub debug: Debug,
    /// Whether the threads' own stacks are scanned.
    pub native: bool,
    /// Whether a thread asks for cycles all the time.
    pub busy: bool,
    /// Whether a mutator answers handshakes late, so that others run on between two of them.
    pub laggard: bool,
}

impl Program {
    /// A program with one world.
    pub fn new(seed: u64, operations: u64) -> Self {
        Self {
            seed,
            operations,
            worlds: 1,
            debug: Debug { poison: true, ..Debug::default() },
            native: false,
            busy: false,
            laggard: false,
        }
    }

    /// Runs it; how many operations it did.
    ///
    /// # Panics
    /// When heap and shadow differ.
    pub fn run(self) -> u64 {
        let _watch = Watch::new(120, format!("{self:?}"));
        let heap = self.heap();
        let ground = Ground::new(&heap);
        heap.observe(Arc::new(Cycles(Arc::clone(&ground))));
        let stop = AtomicBool::new(false);
        let operations = thread::scope(|scope| {
            let _stop = StopOnDrop(&stop);
            if self.busy {
                scope.spawn(|| ask_for_cycles(&heap, &stop, self.seed));
            }
            if self.laggard {
                scope.spawn(|| answer_late(&heap, &stop));
            }
            let worlds: Vec<_> = (0..self.worlds)
                .map(|i| {
                    scope.spawn({
                        let (heap, ground) = (&heap, &ground);
                        move || self.world(heap, ground, i as u64)
                    })
                })
                .collect();
            worlds
                .into_iter()
                .map(|w| w.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
                .sum()
        });
        self.check_end(&heap, &ground);
        operations
    }

    fn heap(&self) -> Heap {
        let mut source = Seeded::new(!self.seed, 1);
        let config = Config {
            reserve: 512 << 20,
            min_heap: (64 << 10) << source.below(5),
            gc_percent: Some(50 + source.below(150)),
            markers: 1 + source.below(2) as usize,
            huge_pages: false,
            debug: self.debug,
            ..Config::default()
        };
        Heap::new(config).expect("address space for a small heap")
    }

    fn world(self, heap: &Heap, ground: &Arc<Ground>, number: u64) -> u64 {
        let alone = self.worlds == 1;
        let abilities =
            Abilities { control: number == 0, cyclic_finalizers: alone, exchange: !alone };
        let mut source =
            Seeded::new(self.seed.wrapping_mul(31).wrapping_add(number), self.operations);
        if self.native {
            return native(heap, ground, abilities, &mut source);
        }
        let mut world = World::new(heap, ground, abilities);
        world.run(&mut source);
        if alone {
            world.settle();
        }
        world.operations
    }

    /// With all worlds gone nothing is reachable, and nothing may stay.
    fn check_end(&self, heap: &Heap, ground: &Ground) {
        let mut mutator = heap.attach();
        for _ in 0..100 {
            ground.exchange.clear();
            ground.deaths.clear();
            mutator.collect();
            if mutator.run_finalizers() == 0
                && ground.deaths.clear() == 0
                && heap.stats().live_objects == 0
            {
                break;
            }
        }
        let left = heap.stats().live_objects;
        // Cycles of finalizable objects are never freed.
        assert!(
            left == 0 || self.worlds == 1,
            "model: {left} objects are left that nobody can reach"
        );
    }
}

/// Runs a program that a fuzzer has found, with every check of the heap on.
pub fn run_bytes(bytes: &[u8]) {
    let _watch = Watch::new(60, "a fuzzer's program");
    let debug = Debug { verify: true, poison: true, ..Debug::default() };
    let config =
        Config { reserve: 256 << 20, min_heap: 64 << 10, markers: 1, debug, ..Config::default() };
    let heap = Heap::new(config).expect("address space for a small heap");
    let ground = Ground::new(&heap);
    heap.observe(Arc::new(Cycles(Arc::clone(&ground))));
    let abilities = Abilities { control: true, cyclic_finalizers: true, exchange: false };
    let mut world = World::new(&heap, &ground, abilities);
    world.run(&mut super::source::Bytes(bytes));
    world.settle();
}

/// Runs a world whose thread's own stack is scanned.
#[inline(never)]
fn native(heap: &Heap, ground: &Arc<Ground>, abilities: Abilities, source: &mut Seeded) -> u64 {
    let top = 0usize;
    let operations = below(heap, ground, abilities, source, (&raw const top).cast());
    black_box(top);
    operations
}

#[inline(never)]
fn below(
    heap: &Heap,
    ground: &Arc<Ground>,
    abilities: Abilities,
    source: &mut Seeded,
    top: *const u8,
) -> u64 {
    let mut words = [0usize; NATIVES];
    let mut world = World::new(heap, ground, abilities);
    world.use_native_stack(top, &raw mut words);
    world.run(source);
    world.operations
}

/// Counts the cycles of a heap.
#[derive(Debug)]
struct Cycles(Arc<Ground>);

impl Observer for Cycles {
    fn cycle_ended(&self, _record: &CycleRecord) {
        self.0.cycles.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells threads to stop, also when a test fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn ask_for_cycles(heap: &Heap, stop: &AtomicBool, seed: u64) {
    let mut source = Seeded::new(seed, u64::MAX);
    while !stop.load(Ordering::Relaxed) {
        heap.collect();
        thread::sleep(Duration::from_micros(u64::from(source.below(300))));
    }
}

fn answer_late(heap: &Heap, stop: &AtomicBool) {
    let mut mutator = heap.attach();
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(150) {
            std::hint::spin_loop();
        }
        mutator.poll();
    }
}
