//! The verbs of `cargo xtask`, one file each.

pub mod bench;
pub mod conformance;
pub mod fuzz;
pub mod nightly;
pub mod setup;
pub mod test;
