//! Finds Go packages.
//!
//! From patterns such as `./...`, `std` or `net/http` to packages in bottom-up order: every
//! package with the files that belong to it on linux/amd64, every import resolved to the package
//! it means. Nothing is parsed or checked here, and nothing is fetched but Go's own distribution,
//! when a machine has none.
//!
//! * [`goroot`]: where Go's standard library is.
//! * [`environment`]: the go command's variables, from the process and Go's configuration files.
//! * [`modfile`]: go.mod, go.work and vendor/modules.txt as texts.
//! * [`module`]: which modules a build uses, in which versions, and where they lie.
//! * [`constraint`], [`tags`], [`header`], [`source`], [`directory`], [`embed`], [`assembly`]: the files of
//!   one package.
//! * [`manifest`]: which files need not be read again.
//! * [`pattern`]: the packages a pattern means.
//! * [`graph`]: all packages a build needs, with their imports, in order.

pub mod assembly;
pub mod constraint;
pub mod directory;
pub mod embed;
pub mod environment;
mod error;
pub mod goroot;
pub mod graph;
pub mod header;
pub mod manifest;
pub mod modfile;
pub mod module;
mod overlay;
pub mod pattern;
pub mod source;
mod standard;
pub mod tags;
mod version;

pub use error::{Error, Position, Result};
pub use version::{GoVersion, Release};
