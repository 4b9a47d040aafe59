//! mimalloc through `Box`: what manual memory costs. There is nothing to mark and nothing to
//! hold, so only the workloads that allocate and free are here.

use std::array::from_fn;
use std::hint::black_box;
use std::time::{Duration, Instant};

use super::{
    CHURN_PERIOD, HOT_CHAIN, KEPT_BELOW, PROBE_PERIOD, burst, due_times, idle, lateness,
    nodes_of_trees, time_chains,
};
use crate::job::{Job, Occupancy};
use crate::meter::sleep_until;
use crate::random::Random;
use crate::report::Report;

/// Runs the job; `false` if this peer does not have it.
pub fn run(job: &Job, report: &mut Report) -> bool {
    match *job {
        Job::Trees { depth } => trees(report, depth),
        Job::Alloc { size: 16, occupancy, fill, churn } => {
            alloc::<0>(report, occupancy, fill, churn);
        }
        Job::Alloc { size: 32, occupancy, fill, churn } => {
            alloc::<2>(report, occupancy, fill, churn);
        }
        Job::Alloc { size: 64, occupancy, fill, churn } => {
            alloc::<6>(report, occupancy, fill, churn);
        }
        Job::Probe { records, rate, millis } => probe(report, records, rate, millis),
        Job::Return { log2, settle, window } => give_back(report, log2, settle, window),
        _ => return false,
    }
    true
}

/// A tree node of two pointers.
#[derive(Default)]
struct Node {
    left: Option<Box<Node>>,
    right: Option<Box<Node>>,
}

fn bottom_up(depth: u32) -> Box<Node> {
    let child = || (depth > 0).then(|| bottom_up(depth - 1));
    Box::new(Node { left: child(), right: child() })
}

fn count(node: &Node) -> u64 {
    let below = |child: &Option<Box<Node>>| child.as_deref().map_or(0, count);
    1 + below(&node.left) + below(&node.right)
}

fn trees(report: &mut Report, depth: u32) {
    let mut total = count(&bottom_up(depth + 1));
    let long = bottom_up(depth);
    for d in (4..=depth).step_by(4) {
        for _ in 0..1u32 << (depth - d + 4) {
            total += count(&bottom_up(d));
        }
    }
    total += count(&long);
    assert_eq!(total, nodes_of_trees(depth));
    report.set("nodes", total as f64);
}

/// Two words and `PAD` more.
struct Link<const PAD: usize> {
    next: Option<Box<Link<PAD>>>,
    id: u64,
    _pad: [u64; PAD],
}

fn alloc<const PAD: usize>(report: &mut Report, occupancy: Occupancy, fill: u32, churn: u32) {
    let slots = |mib: u32| ((mib as usize) << 20) / size_of::<Link<PAD>>();
    let new = |next, id| Box::new(Link::<PAD> { next, id, _pad: [0; PAD] });
    let mut kept = Vec::new();
    if occupancy != Occupancy::Empty {
        kept.extend((0..slots(fill)).map(|i| Some(new(None, i as u64))));
        let mut random = Random::new(1);
        for (i, slot) in kept.iter_mut().enumerate() {
            if occupancy.drops(i, &mut random) {
                *slot = None;
            }
        }
    }
    let mut sink = None;
    let chain = |length: usize| {
        let mut head = None;
        for id in 0..length as u64 {
            head = Some(new(head, id));
        }
        // The chain before is freed here, as a program without a collector must.
        sink = black_box(head);
    };
    time_chains(report, slots(churn), chain, || 0);
    let last = std::iter::successors(sink.as_deref(), |link| link.next.as_deref());
    assert!(last.map(|link| link.id).eq((0..HOT_CHAIN as u64).rev()));
    assert!(
        kept.iter().enumerate().all(|(i, kept)| kept.as_ref().is_none_or(|k| k.id == i as u64))
    );
}

/// A record of 64 bytes with a payload of 64.
struct Record {
    payload: Box<[u64; 8]>,
    key: u64,
    _pad: [u64; 6],
}

fn record(key: u64) -> Box<Record> {
    let payload = Box::new(from_fn(|i| if i == 0 { key } else { 0 }));
    Box::new(Record { payload, key, _pad: [0; 6] })
}

fn probe(report: &mut Report, records: u32, rate: u32, millis: u64) {
    let mut table: Vec<_> = (0..records.into()).map(record).collect();
    let length = Duration::from_millis(millis);
    let start = Instant::now();
    let mut probed = record(0);
    std::thread::scope(|scope| {
        let table = &mut table;
        let churner = (rate > 0).then(|| scope.spawn(move || churn(table, rate, start, length)));
        for due in due_times(PROBE_PERIOD, length) {
            sleep_until(start, due);
            probed = black_box(record(due.as_nanos() as u64));
            report.samples.push(lateness(start, due));
        }
        if let Some(churner) = churner {
            report.set("churn_per_s", churner.join().expect("the churning thread panicked"));
        }
    });
    assert_eq!(probed.payload[0], probed.key);
    assert!(table.iter().all(|record| record.payload[0] == record.key));
}

/// Replaces records at a fixed rate; returns the rate reached.
fn churn(table: &mut [Box<Record>], rate: u32, start: Instant, length: Duration) -> f64 {
    let mut random = Random::new(1);
    let mut replaced = 0u32;
    for due in due_times(CHURN_PERIOD, length) {
        sleep_until(start, due);
        for _ in 0..burst(rate) {
            let key = random.next();
            table[random.below(table.len())] = record(key);
        }
        replaced += burst(rate);
    }
    f64::from(replaced) / start.elapsed().as_secs_f64()
}

/// 64 bytes with two pointers.
struct Object {
    left: Option<Box<Object>>,
    right: Option<Box<Object>>,
    id: u64,
    _pad: [u64; 5],
}

fn grow(levels: u32, id: &mut u64) -> Option<Box<Object>> {
    (levels > 0).then(|| {
        let mut object = Box::new(Object { left: None, right: None, id: *id, _pad: [0; 5] });
        *id += 1;
        object.left = grow(levels - 1, id);
        object.right = grow(levels - 1, id);
        object
    })
}

fn objects(object: &Option<Box<Object>>) -> u64 {
    object.as_ref().map_or(0, |object| 1 + objects(&object.left) + objects(&object.right))
}

fn give_back(report: &mut Report, log2: u32, settle: u64, window: u64) {
    let mut live = grow(log2, &mut 0);
    let drop_most = |live: &mut Option<Box<Object>>| {
        for _ in 0..KEPT_BELOW {
            *live = live.take().and_then(|object| object.left);
        }
    };
    idle(report, &mut live, log2, [settle, window], drop_most, |_, sleep| sleep());
    assert_eq!(live.as_ref().map(|object| object.id), Some(KEPT_BELOW.into()));
    assert_eq!(objects(&live), (1 << (log2 - KEPT_BELOW)) - 1);
}
