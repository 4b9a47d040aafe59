//! What the suites of the type checker share.
#![allow(dead_code)] // Each user takes its part.

pub mod gotest;
pub mod library;

pub use library::{Library, go_regex};
