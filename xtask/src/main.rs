//! `cargo xtask`: everything a contributor does.
fn main() {}
