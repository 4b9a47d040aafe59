//! The protocols between threads, each in a file of its own and each small enough to be model-checked.
//!
//! Nothing here knows of layouts, and nothing maps memory but the packets' own: these are the words two parties share and the steps
//! they take over them. All atomics come from [`crate::sync`], so that loom can explore this code as it ships: the
//! module `models`, built with `--cfg loom`, does so, and shows of each rule that a weakened form of it fails.

pub(crate) mod bits;
pub(crate) mod block_code;
pub(crate) mod claim;
pub(crate) mod closing;
pub(crate) mod gate;
pub(crate) mod hold;
pub(crate) mod packets;
pub(crate) mod root_table;
pub(crate) mod roster;
pub(crate) mod spares;
pub(crate) mod stack_claim;
pub(crate) mod sweep_word;
pub(crate) mod trigger;
pub(crate) mod weak_cell;
pub(crate) mod weak_gate;

#[cfg(all(test, loom))]
mod models;
