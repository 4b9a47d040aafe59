//! The one form that a Go program has between its typed tree and machine code.
//!
//! A [`Program`] is a set of functions and pieces of data that name each other by [`Sym`] and share one
//! table of [types](types::TypeTable). Generics are gone: every type and function is concrete. A function
//! is a graph of [blocks](func::Block) of [instructions](inst::Op) over scalar values in static single
//! assignment; what has no fixed small number of scalars, and what is assigned more than once, lives in
//! [slots](func::Slot) until a pass promotes it. Every allocation is an instruction that says what in the
//! source made it, so that escape analysis can move it to the stack and tell why; every store of a pointer
//! says whether it needs the write barrier.
//!
//! # Values of Go types
//!
//! A type is in *parts form* if it flattens to at most [`MAX_PARTS`](types::MAX_PARTS) scalars (a string is
//! a pointer and a length, an interface two pointers, a small struct its fields' parts) and in *memory form*
//! otherwise. Where instructions and signatures speak of Go types, a value in parts form is that many
//! operands, a value in memory form is one operand: its address. [`TypeTable::parts`](types::TypeTable::parts)
//! decides, so both sides of a call agree without looking at each other.
//!
//! # Map
//!
//! | file | what |
//! |---|---|
//! | [`sym`] | interned link names |
//! | [`types`] | concrete Go types, canonical, with layouts and pointer bitmaps |
//! | `type_string` | [types as Go writes them](types::TypeTable::string) |
//! | [`func`] | functions: blocks, values, slots, positions |
//! | [`inst`] | instructions and terminators, each with its rules |
//! | [`data`] | package variables, constants, tables: bytes with relocations |
//! | [`program`] | what a whole program is |
//! | [`alg`] | how types are compared and hashed |
//! | [`build`] | making functions |
//! | [`cfg`](mod@cfg) | the graph of blocks: order, dominators |
//! | [`text`] | the text form: printer, parser |
//! | [`verify`] | whether a function keeps all rules |
//! | [`passes`] | what becomes of a function before code is generated from it |
//! | [`inline`] | small functions in the place of calls to them |
//! | `names`, `visit` | words of operations; their operands |

pub mod alg;
pub mod build;
pub mod cfg;
pub mod data;
pub mod func;
pub mod inline;
pub mod inst;
mod names;
pub mod passes;
pub mod program;
pub mod sym;
pub mod text;
mod type_string;
pub mod types;
pub mod verify;
mod visit;

pub use program::Program;
pub use sym::{Sym, Syms};
pub use type_string::Style;
