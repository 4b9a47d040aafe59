//! The texts that describe modules: go.mod, go.work and vendor/modules.txt.
//!
//! The syntax follows <https://go.dev/ref/mod>. Reading never panics and never fails half-way:
//! the first malformed line is an error with its position.

mod go_mod;
mod go_work;
mod lines;
mod modules_txt;
mod version;

pub use go_mod::{ModFile, Replace, Require, Strictness, Target};
pub use go_work::WorkFile;
pub use modules_txt::{VendorList, VendoredModule};
pub use version::{ModuleVersion, Version, check_major};
