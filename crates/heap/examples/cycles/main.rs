//! Watch the collector work: fill a heap, churn, drop everything, and go idle.
//!
//! Prints the record of every cycle, plots heap size and phases over time in the terminal, and writes two
//! pictures: `cycles.svg`, the same plot, and `cycle.svg`, one cycle in detail. They go to cargo's target
//! folder, or to the folder given as the argument: `-- docs` makes those of `docs/collector.md`.
mod picture;
mod plot;
mod svg;
mod terminal;

use std::{
    path::PathBuf,
    ptr::{NonNull, null_mut},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use trigo_heap::{Config, CycleRecord, Error, Heap, Layout, Mutator, Observer, Reason, Root};

/// Bytes of one list, the unit in which the program keeps and drops objects.
const LIST: usize = 1 << 20;
/// Bytes of one object: a link and seven more pointer words.
const OBJECT: usize = 64;
/// Lists alive at the most.
const LISTS: usize = 64;
/// How long the program fills its heap, and then churns, in steps.
const STEPS: u32 = 100;
const STEP: Duration = Duration::from_millis(12);
/// How long it may take an idle program to have its garbage collected and its memory given back.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the heap was like at a moment, in bytes.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Since the heap was made.
    at: Duration,
    heap: usize,
    goal: usize,
    resident: usize,
}

/// Keeps every cycle's record.
#[derive(Debug, Default)]
struct Records(Mutex<Vec<CycleRecord>>);

impl Observer for Records {
    fn cycle_ended(&self, record: &CycleRecord) {
        self.0.lock().expect("short critical sections").push(record.clone());
    }
}

fn sample(heap: &Heap, born: Instant) -> Sample {
    let stats = heap.stats();
    Sample {
        at: born.elapsed(),
        heap: stats.heap_bytes,
        goal: stats.goal,
        resident: stats.committed - stats.idle + stats.idle_resident,
    }
}

/// Builds a list of objects that each point to the next.
fn list(mutator: &mut Mutator) -> Result<Root, Error> {
    let list = mutator.empty_root();
    for _ in 0..LIST / OBJECT {
        let object = mutator.alloc(Layout::POINTERS, OBJECT)?;
        let next = list.get().map_or(null_mut(), NonNull::as_ptr);
        // SAFETY: the first store to a word of a fresh object, all of whose words are pointers.
        unsafe { mutator.init(object.as_ptr().cast(), next) };
        list.set(mutator, Some(object));
    }
    Ok(list)
}

/// The program: it fills the heap, replaces what is in it, drops it all and waits.
fn work(heap: &Heap) -> Result<(), Error> {
    let mut mutator = heap.attach();
    let mut lists = Vec::new();
    for step in 0..2 * STEPS {
        let begun = Instant::now();
        // Every step also makes a list that nobody keeps.
        drop(list(&mut mutator)?);
        let new = list(&mut mutator)?;
        match lists.len() < LISTS {
            true => lists.push(new),
            false => lists[step as usize * 31 % LISTS] = new,
        }
        // Waiting happens inside `blocked`, so that no cycle waits for this thread.
        mutator.blocked(|| thread::sleep(STEP.saturating_sub(begun.elapsed())));
    }
    drop(lists);
    // From here on nothing is allocated: the heap notices, collects, and gives memory back.
    let dropped = Instant::now();
    mutator.blocked(|| {
        let done = || heap.stats().live_objects == 0 && heap.stats().idle_resident < 16 << 20;
        while !done() && dropped.elapsed() < PATIENCE {
            thread::sleep(STEP);
        }
        thread::sleep(Duration::from_millis(300));
    });
    Ok(())
}

/// The folder for the pictures.
fn folder() -> PathBuf {
    let target = || {
        // target/<profile>/examples/cycles
        let program = std::env::current_exe().ok()?;
        program.ancestors().nth(3).map(PathBuf::from)
    };
    std::env::args_os().nth(1).map(PathBuf::from).or_else(target).unwrap_or_default()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let born = Instant::now();
    let heap = Heap::new(Config::default())?;
    let records = Arc::new(Records::default());
    heap.observe(records.clone());

    let done = AtomicBool::new(false);
    let samples = thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut samples = Vec::new();
            while !done.load(Ordering::Relaxed) {
                samples.push(sample(&heap, born));
                thread::sleep(Duration::from_millis(4));
            }
            samples
        });
        let result = work(&heap);
        done.store(true, Ordering::Relaxed);
        result.map(|()| sampler.join().expect("the sampler ends well"))
    })?;

    let records = records.0.lock().expect("short critical sections");
    records.iter().for_each(|record| println!("{record}"));
    println!("\n{}", terminal::plot(&samples, &records));

    // For the picture of one: of those that had the most to mark, the one of middling length.
    let mut automatic: Vec<_> = records.iter().filter(|r| r.reason == Reason::Allocation).collect();
    automatic.sort_by_key(|r| std::cmp::Reverse(r.live));
    let mut largest: Vec<_> = automatic.iter().take(5).collect();
    largest.sort_by_key(|r| r.mark);
    let typical = largest.get(largest.len() / 2).ok_or("allocation started no cycle")?;
    let folder = folder();
    std::fs::create_dir_all(&folder)?;
    for (name, text) in
        [("cycles.svg", plot::draw(&samples, &records)), ("cycle.svg", picture::draw(typical))]
    {
        let path = folder.join(name);
        std::fs::write(&path, text)?;
        println!("wrote {}", path.display());
    }

    let most = samples.iter().map(|s| s.resident).max().unwrap_or(0);
    let last = sample(&heap, born);
    println!(
        "{} cycles; {} MiB at the most, {} MiB at the end; the slowest answer took {} µs",
        records.len(),
        most >> 20,
        last.resident >> 20,
        records.iter().map(|r| r.slowest_answer.0.as_micros()).max().unwrap_or(0)
    );
    assert!(automatic.len() >= 5, "the heap's growth made cycles start");
    assert!(most > LISTS * LIST, "the heap was filled");
    assert_eq!(heap.stats().live_objects, 0, "an idle cycle found everything dead");
    assert!(last.resident < most / 2, "and the memory went back to the system");
    Ok(())
}

/// A cycle's phases in their order: name, colour, duration.
fn phases(record: &CycleRecord) -> [(&'static str, &'static str, Duration); 6] {
    [
        ("prepare", "#4e79a7", record.prepare),
        ("roots", "#76b7b2", record.roots),
        ("mark", "#f28e2b", record.mark),
        ("dead", "#b07aa1", record.dead),
        ("flip", "#e15759", record.flip),
        ("sweep", "#59a14f", record.sweep),
    ]
}
