//! Calls, frames, slow paths and recovery, run.

mod common;

use common::run_text;

#[test]
fn a_program_returns_what_its_main_returns() {
    assert_eq!(
        run_text("func runtime.main() (int) {\nb0():\n  v0: i64 = iconst 42\n  return v0\n}\n"),
        42
    );
}
