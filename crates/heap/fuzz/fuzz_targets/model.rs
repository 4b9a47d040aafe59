//! The interpreter of the heap's model tests, with a fuzzer's bytes for decisions.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::run::run_bytes(bytes));
