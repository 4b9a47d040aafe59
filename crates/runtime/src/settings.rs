//! Settings from the environment: Go's `GOGC`, `GOMEMLIMIT`, `GODEBUG=gctrace=1`, and `TRIGO_GC`.
//!
//! `TRIGO_GC` is a list of words, separated by commas, for finding faults: `torture=N` collects at every N-th slow path of
//! allocation, `verify` checks each mark phase, `poison` fills freed memory.

use std::sync::Arc;
use trigo_heap::{Config, CycleRecord, Debug, Heap, Observer};

/// A variable's value as a number.
pub(crate) fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.trim().parse().ok()
}

/// The heap's configuration.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    match std::env::var("GOGC").as_deref() {
        Ok("off") => config.gc_percent = None,
        // As in Go a negative number is off too, and what is no number of 32 bits is not looked at.
        Ok(percent) => {
            if let Ok(percent) = percent.parse::<i32>() {
                config.gc_percent = percent.try_into().ok();
            }
        }
        Err(_) => {}
    }
    if let Ok(limit) = std::env::var("GOMEMLIMIT") {
        config.memory_limit = match limit.as_str() {
            "" | "off" => None,
            limit => Some(bytes(limit).unwrap_or_else(|| {
                eprintln!("GOMEMLIMIT={limit}");
                crate::crash::fatal(
                    "malformed GOMEMLIMIT; see `go doc runtime/debug.SetMemoryLimit`",
                )
            })),
        };
    }
    config.debug = debug(&std::env::var("TRIGO_GC").unwrap_or_default());
    config
}

/// A number of bytes as GOMEMLIMIT has it: with a suffix `B`, `KiB`, `MiB`, `GiB`, `TiB` or none.
fn bytes(text: &str) -> Option<usize> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0), ("", 0)];
    let (digits, shift) =
        units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    digits.parse::<usize>().ok()?.checked_mul(1 << shift)
}

fn debug(words: &str) -> Debug {
    let mut debug = Debug::default();
    for word in words.split(',').filter(|word| !word.is_empty()) {
        match word.split_once('=') {
            Some(("torture", n)) => debug.torture = n.parse().ok(),
            None if word == "verify" => debug.verify = true,
            None if word == "poison" => debug.poison = true,
            _ => eprintln!("runtime: TRIGO_GC: {word} is none of torture=N, verify, poison"),
        }
    }
    debug
}

/// Prints Go's line for each cycle, if GODEBUG asks for it.
pub(crate) fn observe(heap: &Heap) {
    let godebug = std::env::var("GODEBUG").unwrap_or_default();
    // Of several the last counts, as in Go.
    let level = godebug.split(',').filter_map(|field| field.strip_prefix("gctrace=")).next_back();
    if level.is_some_and(|level| level.parse::<i32>().is_ok_and(|level| level > 0)) {
        heap.observe(Arc::new(Trace));
    }
}

#[derive(Debug)]
struct Trace;

impl Observer for Trace {
    fn cycle_ended(&self, record: &CycleRecord) {
        // What Go's line calls P is GOMAXPROCS; the heap knows of processors only.
        let mut record = record.clone();
        record.processors = crate::runtime().scheduler.set_most(0);
        eprintln!("{record}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_limits_have_units() {
        let cases = [("100", Some(100)), ("3KiB", Some(3 << 10)), ("5B", Some(5)), ("2MB", None)];
        for (text, want) in cases {
            assert_eq!(bytes(text), want, "{text}");
        }
    }

    #[test]
    fn debug_words_are_read() {
        let debug = debug("torture=100,verify,poison");
        assert_eq!((debug.torture, debug.verify, debug.poison), (Some(100), true, true));
    }
}
