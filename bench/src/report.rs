//! What a child prints: one line of JSON, the same from Rust and from Go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A mutator's long operation: its start and length, and how long the thread was ready to run
/// meanwhile but the kernel ran another; all in nanoseconds.
pub type Pause = [u64; 3];

/// The figures of one run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// What is particular to the workload; the name ends in the unit.
    pub figures: BTreeMap<String, f64>,
    /// Collections during the measured part.
    pub cycles: u64,
    /// `VmHWM` at the end, in bytes.
    pub peak_rss: u64,
    /// Latencies of an open-loop probe, in nanoseconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<u64>,
    /// Each mutator's long operations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Vec<Pause>>,
    /// The time over which the pauses were taken, in nanoseconds.
    #[serde(default)]
    pub elapsed: u64,
}

impl Report {
    /// Records one figure.
    pub fn set(&mut self, name: &str, value: f64) {
        self.figures.insert(name.to_owned(), value);
    }
}
