//! Go's type checker as a library.

pub mod constant;
