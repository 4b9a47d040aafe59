//! Watching a heap: an observer that prints every cycle's record as Go's `GODEBUG=gctrace=1` would.
//!
//! In Go's line the first and the third clock figure are stops of the world. Here they are the handshakes
//! that begin a cycle and those that end it, in which nobody waits for anybody else.
use std::{
    ptr::{NonNull, null_mut},
    sync::{Arc, Mutex},
};
use trigo_heap::{Config, CycleRecord, Error, Heap, Layout, Mutator, Observer, Reason, Root};

/// Prints each record and keeps it. It is called on the collector's thread: what it does delays the next
/// cycle, and it must not wait for a thread that is attached to the heap.
#[derive(Debug, Default)]
struct Trace(Mutex<Vec<CycleRecord>>);

impl Observer for Trace {
    fn cycle_ended(&self, record: &CycleRecord) {
        eprintln!("{record}");
        self.0.lock().expect("only short critical sections").push(record.clone());
    }
}

/// A list of `length` cells of two pointer words: the next cell, and nothing.
fn list(mutator: &mut Mutator, length: usize) -> Result<Root, Error> {
    let list = mutator.empty_root();
    for _ in 0..length {
        let cell = mutator.alloc(Layout::POINTERS, 16)?;
        let next = list.get().map_or(null_mut(), NonNull::as_ptr);
        // SAFETY: the first store to the first word of a fresh cell, a pointer word.
        unsafe { mutator.init(cell.as_ptr().cast(), next) };
        list.set(mutator, Some(cell));
    }
    Ok(list)
}

/// The figure in front of `unit` in a line of the trace.
fn field<'l>(line: &'l str, unit: &str) -> &'l str {
    let at = line.find(unit).expect("the line has this field");
    line[..at].rsplit([' ', ',', ':']).find(|word| !word.is_empty()).expect("and a figure")
}

fn main() -> Result<(), Error> {
    let heap = Heap::new(Config::default())?;
    let trace = Arc::new(Trace::default());
    heap.observe(trace.clone());

    let mut mutator = heap.attach();
    let _long_lived = list(&mut mutator, 200_000)?;
    for _ in 0..100 {
        list(&mut mutator, 20_000)?;
    }
    mutator.collect();

    let records = trace.0.lock().expect("only short critical sections");
    let stats = heap.stats();
    println!("{} cycles, {} of them asked for", stats.cycles, stats.forced_cycles);
    assert_eq!(records.len() as u64, stats.cycles, "every cycle left its record");
    assert!(records.len() > 1, "allocation made cycles start");
    for (record, number) in records.iter().zip(1..) {
        let line = record.to_string();
        let [prepare, mark, close] = [0, 1, 2].map(|i| {
            let ms = field(&line, " ms clock").split('+').nth(i).expect("three figures");
            ms.parse::<f64>().expect("a figure")
        });
        let clock = prepare + mark + close;
        let phases = record.prepare + record.roots + record.mark + record.dead + record.flip;
        let phases = phases.as_secs_f64() * 1e3;
        assert!(line.starts_with(&format!("gc {number} @")), "{line}");
        // Each figure has two digits.
        assert!((clock - phases).abs() <= 0.1 * phases, "the clock adds up: {line}");
        assert_eq!(field(&line, " MB,").split("->").count(), 3, "{line}");
        assert_eq!(line.ends_with("(forced)"), record.reason == Reason::Forced, "{line}");
    }
    Ok(())
}
