//! Typed indices into the shared [`Store`](crate::Store).

use std::num::NonZeroU32;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The id of the element at `index` in its arena.
            pub(crate) const fn from_index(index: usize) -> Self {
                match NonZeroU32::new(index as u32 + 1) {
                    Some(id) => Self(id),
                    None => panic!("arena holds more than 2^32 elements"),
                }
            }

            /// The position of the element in its arena.
            pub const fn index(self) -> usize {
                self.0.get() as usize - 1
            }
        }
    )*};
}

ids! {
    /// A type. Equal ids are identical types; unequal ids may be, see [`Store::identical`](crate::Store::identical).
    TypeId;
    /// A declared entity: constant, type name, variable, function, package name, label or built-in.
    ObjId;
    /// A package.
    PkgId;
}

impl TypeId {
    /// The id as a nonzero number, for storage in an atomic.
    pub(crate) const fn raw(self) -> u32 {
        self.0.get()
    }

    /// The id stored as `raw`; zero is none.
    pub(crate) const fn from_raw(raw: u32) -> Option<Self> {
        match NonZeroU32::new(raw) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }
}
