//! What `runtime/metrics` reads: the heap's metrics, and those of processors, threads, goroutines and stacks.
//!
//! Where a metric is about stops of the world, which there are not, docs/collector.md says what it counts instead.

use crate::clock;
use crate::goroutine::{LATENCIES, SLOT};
use crate::natives::memory::persistent_bytes;
use crate::runtime;
use crate::sync::{Mutex, lock};
use trigo_heap::{Metric, TimeHistogram};

/// Processor time, in seconds, as it was told last. What is told must not shrink, and the figures that it comes from are not read
/// in one moment.
static TOLD: Mutex<Told> = Mutex::new(Told { user: 0.0, idle: 0.0 });

struct Told {
    user: f64,
    idle: f64,
}

/// All metrics but those of goroutines by their states, and of settings.
pub(crate) fn read() -> Vec<(&'static str, Metric)> {
    let runtime = runtime();
    let mut all = runtime.heap.metrics();
    let count = |n: usize| Metric::Count(n as u64);
    let stacks = runtime.goroutines.stack_bytes();
    let other = persistent_bytes();
    for (name, value) in &mut all {
        if let ("/memory/classes/total:bytes", Metric::Count(bytes)) = (*name, value) {
            *bytes += (stacks + other) as u64;
        }
    }
    let pauses = find(&all, "/gc/pauses:seconds").clone();
    let none = || Metric::Histogram(TimeHistogram::new().seconds());
    all.extend(processor_time(&all));
    let (goroutines, created) = runtime.goroutines.numbers();
    all.extend([
        ("/cgo/go-to-c-calls:calls", count(0)),
        ("/gc/stack/starting-size:bytes", count(SLOT)),
        ("/memory/classes/heap/stacks:bytes", count(stacks)),
        ("/memory/classes/os-stacks:bytes", count(0)),
        ("/memory/classes/other:bytes", count(other)),
        ("/sched/gomaxprocs:threads", count(runtime.scheduler.set_most(0))),
        ("/sched/goroutines-created:goroutines", count(created)),
        ("/sched/goroutines:goroutines", count(goroutines)),
        ("/sched/latencies:seconds", Metric::Histogram(LATENCIES.seconds())),
        ("/sched/pauses/stopping/gc:seconds", none()),
        ("/sched/pauses/stopping/other:seconds", none()),
        ("/sched/pauses/total/gc:seconds", pauses),
        ("/sched/pauses/total/other:seconds", none()),
        ("/sched/threads/total:threads", count(threads())),
    ]);
    all
}

fn find<'m>(all: &'m [(&str, Metric)], name: &str) -> &'m Metric {
    &all.iter().find(|metric| metric.0 == name).expect("the heap tells it").1
}

/// Processor time that is not the collector's. In all there is what GOMAXPROCS allowed since the start, or what was used, if
/// that is more: the markers run on any processor.
fn processor_time(heap: &[(&'static str, Metric)]) -> [(&'static str, Metric); 3] {
    let seconds = |name: &str| match find(heap, name) {
        Metric::Number(seconds) => *seconds,
        _ => unreachable!("times are numbers"),
    };
    let heaps = seconds("/cpu/classes/gc/total:cpu-seconds")
        + seconds("/cpu/classes/scavenge/total:cpu-seconds");
    let used = clock::nanoseconds(clock::read(libc::CLOCK_PROCESS_CPUTIME_ID)) as f64 / 1e9;
    let offered = runtime().scheduler.offered() as f64 / 1e9;
    let mut told = lock(&TOLD);
    told.user = told.user.max(used - heaps);
    told.idle = told.idle.max(offered - heaps - told.user);
    [
        ("/cpu/classes/idle:cpu-seconds", Metric::Number(told.idle)),
        ("/cpu/classes/total:cpu-seconds", Metric::Number(heaps + told.user + told.idle)),
        ("/cpu/classes/user:cpu-seconds", Metric::Number(told.user)),
    ]
}

/// The threads of the process, all of which are the runtime's.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, |tasks| tasks.count())
}
