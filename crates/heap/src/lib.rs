//! The Trigo heap.
#![cfg_attr(loom, allow(dead_code, unused_imports))]

#[cfg(not(loom))]
mod collector;
#[cfg(not(loom))]
mod config;
#[cfg(not(loom))]
mod edges;
#[cfg(not(loom))]
mod error;
#[cfg(not(loom))]
mod heap;
#[cfg(not(loom))]
mod layout;
#[cfg(not(loom))]
mod leak;
#[cfg(not(loom))]
mod mark;
#[cfg(not(loom))]
mod mutator;
#[cfg(not(loom))]
mod pace;
#[cfg(not(loom))]
mod profile;
mod protocol;
#[cfg(not(loom))]
mod roots;
#[cfg(not(loom))]
mod space;
#[cfg(not(loom))]
mod spans;
#[cfg(not(loom))]
mod special;
#[cfg(not(loom))]
mod stats;
mod sync;
#[cfg(not(loom))]
mod walk;
#[cfg(not(loom))]
mod why;

#[cfg(not(loom))]
pub use crate::{
    config::{BrokenBarrier, Config, Debug},
    edges::LayoutKind,
    error::Error,
    heap::{Heap, Kind, Zeroing, offsets},
    layout::{Layout, LayoutSpec, TraceFn},
    leak::Suspect,
    mark::Tracer,
    mutator::{FixedKind, Mutator},
    profile::{Sampling, SiteProfile},
    roots::{Root, RootSource, RootVisitor, Stack},
    special::{CleanupId, Weak},
    stats::{
        BySize, CycleRecord, HeapStats, Histogram, HoldTimes, MemStats, MemoryClasses, Metric,
        Observer, Reason,
    },
    walk::Object,
    why::{Path, RootKind, Step},
};

/// What `poison` fills freed slots with.
pub const POISON: u8 = 0xdb;
