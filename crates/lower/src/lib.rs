//! From checked packages to one program in Trigo's IR.
//!
//! [`lower_program`] takes every package of a program with its trees and what the checker found out, and gives the
//! functions and data that the program's entry points reach, with generics made concrete. It never looks at files.
//!
//! Names come first, bodies on demand: see [`world`]. What is known about one function while its body is lowered is in
//! `body`.
//!
//! | file | what |
//! |---|---|
//! | [`world`] | packages, functions and variables by object and by link name |
//! | [`env`](mod@env) | what type parameters stand for in a body |
//! | `types` | the checker's types as the IR's |
//! | [`names`] | link names as gc's |
//! | `directives` | `//go:linkname`, `//go:nosplit` and their kin |
//! | `body` | the bodies of functions: a folder with its own table |
//! | [`methods`] | method sets, wrappers, method values |
//! | [`alg`] | equality and hash functions |
//! | [`statics`] | package variables that are data |
//! | [`program`] | the whole program, and in what order packages are initialised |
//! | [`inline`](inline_small) | small functions in the place of calls to them |
//! | `reach` | what it reaches: the work list, descriptors, methods |

pub mod alg;
mod body;
mod directives;
pub mod env;
mod inline;
pub mod methods;
pub mod names;
pub mod program;
mod reach;
pub mod statics;
mod types;
pub mod world;

pub use inline::inline_small;
pub use program::{LowerError, lower_packages, lower_program};
pub use world::{Embed, EmbedFile, Package, World};
