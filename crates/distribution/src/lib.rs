//! Go's distribution in Trigo's cache: fetched, checked, and there whole or not at all.
//!
//! The `trigo` command of a user and `cargo xtask setup` of a contributor want the same folder of the same cache; this is
//! the one installer of both. [`entry`] puts any folder into a cache at once; [`go`] says where Go's distribution comes
//! from, how it is checked and what of it is kept. It knows no other room, so that `xtask` can use it when they do not
//! build.

pub mod entry;
mod error;
pub mod go;
mod progress;

pub use entry::Installed;
pub use error::{Error, Result};
