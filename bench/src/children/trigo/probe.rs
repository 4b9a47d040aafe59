//! The open-loop probe.

use std::time::{Duration, Instant};

use trigo_heap::{FixedKind, Heap, Layout, Mutator, Zeroing};

use super::{attached, fixed, hold, init, kind, new, pointers, set};
use crate::children::{CHURN_PERIOD, PROBE_PERIOD, burst, due_times, lateness};
use crate::meter::sleep_until;
use crate::random::Random;
use crate::report::Report;

#[repr(C)]
struct Record {
    payload: *mut [u64; 8],
    key: u64,
    _pad: [u64; 6],
}

#[derive(Clone, Copy)]
struct Kinds {
    record: FixedKind<64>,
    payload: FixedKind<64>,
}

impl Kinds {
    fn of(heap: &Heap) -> Self {
        Self { record: kind(heap, 0b1), payload: fixed(heap, Layout::NO_SCAN, Zeroing::Zeroed) }
    }

    fn record(self, mutator: &mut Mutator, key: u64) -> *mut Record {
        let payload: *mut [u64; 8] = new(mutator, self.payload);
        let record: *mut Record = new(mutator, self.record);
        // SAFETY: both objects were just allocated and this frame holds them.
        unsafe {
            (*payload)[0] = key;
            (*record).key = key;
            init(mutator, &raw mut (*record).payload, payload);
        }
        record
    }
}

pub fn run(mutator: &mut Mutator, report: &mut Report, records: u32, rate: u32, millis: u64) {
    let records = records as usize;
    let heap = mutator.heap().clone();
    let kinds = Kinds::of(&heap);
    let table = pointers::<Record>(mutator, records);
    for i in 0..records {
        let record = kinds.record(mutator, i as u64);
        // SAFETY: the slot is one of the table, which this frame holds.
        unsafe { set(mutator, table.add(i), record) };
    }
    mutator.collect();
    let cycles_before = heap.stats().cycles;
    let length = Duration::from_millis(millis);
    let start = Instant::now();
    // The table's address crosses to another thread as a number; this frame keeps it alive.
    let address = table as usize;
    let probed = mutator.empty_root();
    std::thread::scope(|scope| {
        let churner = (rate > 0).then(|| {
            let heap = &heap;
            scope.spawn(move || {
                let table = address as *mut *mut Record;
                attached(heap, |mutator| churn(mutator, table, records, rate, start, length))
            })
        });
        for due in due_times(PROBE_PERIOD, length) {
            mutator.blocked(|| sleep_until(start, due));
            let record = kinds.record(mutator, due.as_nanos() as u64);
            hold(mutator, &probed, record);
            report.samples.push(lateness(start, due));
        }
        if let Some(churner) = churner {
            let rate = mutator.blocked(|| churner.join().expect("the churning thread panicked"));
            report.set("churn_per_s", rate);
        }
    });
    report.cycles = heap.stats().cycles - cycles_before;
    for i in 0..records {
        // SAFETY: nobody changes the table any more.
        let intact = unsafe {
            let record = &**table.add(i);
            (*record.payload)[0] == record.key
        };
        assert!(intact, "a record was overwritten");
    }
}

/// Replaces records at a fixed rate; returns the rate reached.
fn churn(
    mutator: &mut Mutator,
    table: *mut *mut Record,
    records: usize,
    rate: u32,
    start: Instant,
    length: Duration,
) -> f64 {
    let kinds = Kinds::of(mutator.heap());
    let mut random = Random::new(1);
    let mut replaced = 0u32;
    for due in due_times(CHURN_PERIOD, length) {
        mutator.blocked(|| sleep_until(start, due));
        for _ in 0..burst(rate) {
            let key = random.next();
            let record = kinds.record(mutator, key);
            // SAFETY: the slot is one of the table, which the main thread's frame holds.
            unsafe { set(mutator, table.add(random.below(records)), record) };
        }
        replaced += burst(rate);
    }
    f64::from(replaced) / start.elapsed().as_secs_f64()
}
