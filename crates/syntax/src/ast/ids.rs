//! Typed numbers for nodes, and lists of them.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::Range;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The id with number `index`.
            ///
            /// # Panics
            ///
            /// If `index` does not fit in 32 bits.
            pub fn from_index(index: usize) -> Self {
                let n = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
                Self(n.expect("more nodes than ids"))
            }

            /// The id's number, from 0 and without gaps in its file: an index for side tables.
            pub fn index(self) -> usize {
                self.0.get() as usize - 1
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.index())
            }
        }
    )*};
}

ids! {
    /// Names an [`Expr`](super::Expr) in its file. Types are expressions, and so are all identifiers.
    ExprId,
    /// Names a [`Stmt`](super::Stmt) in its file.
    StmtId,
    /// Names a [`Decl`](super::Decl) in its file.
    DeclId,
    /// Names a [`Block`](super::Block) in its file.
    BlockId,
    /// Names a [`Group`](super::Group) in its file.
    GroupId,
}

/// An [`ExprId`] that is known to name an identifier.
///
/// Identifiers that are declared, selected or used share the numbers of expressions, so that one dense table by
/// [`ExprId`] can hold what each of them denotes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentId(pub(crate) ExprId);

impl IdentId {
    /// The identifier as an expression.
    pub fn expr(self) -> ExprId {
        self.0
    }
}

impl From<IdentId> for ExprId {
    fn from(id: IdentId) -> Self {
        id.0
    }
}

impl fmt::Debug for IdentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentId({})", self.0.index())
    }
}

/// A list of `T` in a file: a run of one of the file's arenas. Index the file with it to get a slice.
pub struct List<T> {
    start: u32,
    len: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    /// The list without elements.
    pub const EMPTY: Self = Self { start: 0, len: 0, of: PhantomData };

    pub(crate) fn from_range(range: Range<usize>) -> Self {
        Self {
            start: u32::try_from(range.start).expect("more nodes than ids"),
            len: u32::try_from(range.len()).expect("more nodes than ids"),
            of: PhantomData,
        }
    }

    /// How many elements there are.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Where the elements lie in their arena. For lists of nodes (fields, clauses) rather than of ids, these
    /// numbers are unique in the file and can be keys of side tables.
    pub fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.len as usize
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.range(), f)
    }
}
