//! Data: package variables, and constants that the compiler lays out.

use crate::func::Pos;
use crate::sym::Sym;
use crate::types::TypeId;

/// Where a piece of data lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// Written by the program.
    Variable,
    /// Never written after start.
    Constant,
}

/// What a relocation puts into the data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RelocTarget {
    /// The address of a function's code or of data.
    Sym(Sym),
    /// The address of the constant closure of a function.
    FuncValue(Sym),
    /// The address of a type's descriptor.
    Type(TypeId),
    /// The address of an itab: interface type, concrete type.
    Itab(TypeId, TypeId),
    /// The address of constant bytes.
    Bytes(Box<[u8]>),
}

/// An address within data, eight bytes wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloc {
    /// Where in the data, in bytes.
    pub at: u64,
    /// Whose address.
    pub target: RelocTarget,
    /// What is added to it.
    pub addend: i64,
}

/// A piece of data.
#[derive(Clone, Debug)]
pub struct Data {
    /// Its link name.
    pub sym: Sym,
    /// The Go type it holds: where its pointers are.
    pub ty: TypeId,
    /// Its first bytes; zeros follow up to the type's size.
    pub bytes: Vec<u8>,
    /// Addresses in it, in order.
    pub relocs: Vec<Reloc>,
    /// Where it lives.
    pub section: Section,
    /// Where it is declared.
    pub pos: Option<Pos>,
}
