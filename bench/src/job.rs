//! The workloads, their sizes, and which peers run each.
//!
//! Sizes are the same for all peers: a job travels to every child as positional arguments,
//! and the Go programs in `bench/heap` take the same ones in the same order.

use clap::{Subcommand, ValueEnum};

use crate::kept::Key;
use crate::peer::Peer;

/// One workload with its sizes.
#[derive(Clone, Debug, Subcommand)]
pub enum Job {
    /// The classic binary trees: a stretch tree one level deeper than `depth`, one long-lived
    /// tree, and for each fourth depth from 4 on `2^(depth - d + 4)` short-lived trees of
    /// depth `d`. A node is two pointers, 16 bytes.
    Trees { depth: u32 },
    /// Forced collections of a perfect binary tree of `2^log2 - 1` objects of 64 bytes with two
    /// pointers each; CPU of the process while they run, per object and cycle.
    Mark { log2: u32, order: Order, forced: u32 },
    /// Chains of 128 objects of `size` bytes, each chain garbage once the next is there,
    /// `churn` MiB in all, after `fill` MiB of the same objects were allocated and thinned out.
    /// `ns_total` is the CPU of the process per object, `ns_alloc` the same less what the
    /// collector says it spent marking, `ns_hot` the median time of chains of 16, per object.
    Alloc { size: u32, occupancy: Occupancy, fill: u32, churn: u32 },
    /// Two mutators replace objects in a ring of 4096 each for `millis`, beside a shuffled tree
    /// as in `mark`, every operation timed. GOGC is 25, so that the run sees several cycles.
    Holds { log2: u32, millis: u64 },
    /// An open-loop probe: an allocation due every 200 µs for `millis`, beside a table of
    /// `records` (64 bytes and a pointer-free payload of 64) of which `rate` a second are
    /// replaced at random, in a burst each millisecond. Latency counts from when it was due.
    Probe { records: u32, rate: u32, millis: u64 },
    /// A tree as in `mark` of which all but one subtree, a 64th, is dropped; then nothing for
    /// `settle` ms, and nothing for `window` ms while CPU is counted.
    Return { log2: u32, settle: u64, window: u64 },
}

/// How the tree's preorder lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// It is the order of allocation.
    Order,
    /// It is a random permutation of the order of allocation.
    Shuffled,
}

/// Which of the slots filled beforehand stay live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Occupancy {
    /// Nothing is filled.
    Empty,
    /// A random half stays.
    Half,
    /// Every second one stays.
    Alternate,
}

impl Occupancy {
    /// Picks what stays: `true` for the i-th object if it is dropped. The generator must be
    /// asked for each object in turn.
    pub fn drops(self, i: usize, random: &mut crate::random::Random) -> bool {
        match self {
            Occupancy::Empty => true,
            Occupancy::Half => random.below(2) == 0,
            Occupancy::Alternate => i.is_multiple_of(2),
        }
    }
}

fn value(value: impl ValueEnum) -> String {
    let value = value.to_possible_value().expect("no value is hidden");
    value.get_name().to_owned()
}

impl Job {
    /// The job as a child takes it: its name and its sizes.
    pub fn arguments(&self) -> Vec<String> {
        match *self {
            Job::Trees { depth } => vec!["trees".into(), depth.to_string()],
            Job::Mark { log2, order, forced } => {
                vec!["mark".into(), log2.to_string(), value(order), forced.to_string()]
            }
            Job::Alloc { size, occupancy, fill, churn } => vec![
                "alloc".into(),
                size.to_string(),
                value(occupancy),
                fill.to_string(),
                churn.to_string(),
            ],
            Job::Holds { log2, millis } => {
                vec!["holds".into(), log2.to_string(), millis.to_string()]
            }
            Job::Probe { records, rate, millis } => {
                vec!["probe".into(), records.to_string(), rate.to_string(), millis.to_string()]
            }
            Job::Return { log2, settle, window } => {
                vec!["return".into(), log2.to_string(), settle.to_string(), window.to_string()]
            }
        }
    }
}

/// A named job and the peers that run it.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub job: Job,
    pub peers: Vec<Peer>,
}

impl Case {
    /// Which kept rounds are of this case.
    pub fn key(&self) -> Key {
        let peers = self.peers.iter().map(|peer| peer.name()).collect();
        Key { case: self.name.clone(), job: self.job.arguments(), peers }
    }
}

/// All cases, in the order of the page; `quick` ones only show that everything runs.
pub fn cases(quick: bool) -> Vec<Case> {
    use Peer::{GcArena, Go1, Go2, Mimalloc, Trigo1, Trigo2};
    let pick = |full: u32, small: u32| if quick { small } else { full };
    let millis = |full: u64, small: u64| if quick { small } else { full };
    let mut cases = Vec::new();
    let mut add = |name: &str, job: Job, peers: &[Peer]| {
        cases.push(Case { name: name.to_owned(), job, peers: peers.to_vec() });
    };

    let depth = pick(20, 8);
    add("trees", Job::Trees { depth }, &[Go1, Go2, Trigo1, Trigo2, Mimalloc, GcArena]);

    for (name, log2, order, forced) in [
        ("mark-4m", 16, Order::Order, 100),
        ("mark-64m", 20, Order::Order, 10),
        ("mark-1g-order", 24, Order::Order, 2),
        ("mark-1g-shuffled", 24, Order::Shuffled, 2),
    ] {
        let job = Job::Mark { log2: pick(log2, 12), order, forced: pick(forced, 2) };
        add(name, job, &[Go1, Go2, Trigo1, Trigo2, GcArena]);
    }

    for size in [16, 32, 64] {
        for occupancy in [Occupancy::Empty, Occupancy::Half, Occupancy::Alternate] {
            let job = Job::Alloc { size, occupancy, fill: pick(64, 1), churn: pick(512, 4) };
            let name = format!("alloc-{size}-{}", value(occupancy));
            add(&name, job, &[Go1, Trigo1, Mimalloc, GcArena]);
        }
    }

    let job = Job::Holds { log2: pick(24, 12), millis: millis(8000, 100) };
    add("holds", job, &[Go2, Trigo2]);

    let (records, length) = (pick(1_000_000, 1000), millis(10_000, 100));
    for (name, rate) in [("probe-idle", 0), ("probe-churn", 500_000)] {
        let job = Job::Probe { records, rate, millis: length };
        add(name, job, &[Go2, Trigo2, Mimalloc]);
    }

    let job =
        Job::Return { log2: pick(24, 12), settle: millis(10_000, 50), window: millis(10_000, 50) };
    add("return", job, &[Go2, Trigo2, Mimalloc]);
    cases
}
