//! What can go wrong, as a caller sees it.

use std::fmt;

/// Why the heap refused a request. Every variant says what was asked for; its text says what to do.
///
/// A request that was refused has changed nothing: the heap goes on.
///
/// ```
/// use trigo_heap::{Config, Error, Heap, Layout};
///
/// let heap = Heap::new(Config { reserve: 64 << 20, ..Config::default() })?;
/// let mut mutator = heap.attach();
/// assert!(matches!(mutator.alloc(Layout::NO_SCAN, 1 << 40), Err(Error::TooLarge { .. })));
/// assert!(mutator.alloc(Layout::NO_SCAN, 1 << 10).is_ok());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The operating system did not give `bytes` of address space; `os` is its error number.
    AddressSpace {
        /// Bytes of address space that were asked for.
        bytes: usize,
        /// The operating system's error number, or zero if the request overflowed before it was made.
        os: i32,
    },
    /// The heap's address range, or the machine, has no room for `bytes` more.
    OutOfMemory {
        /// Bytes that were asked for.
        bytes: usize,
    },
    /// The size of an allocation is larger than the heap's whole address range, or overflows.
    TooLarge {
        /// Bytes that were asked for.
        bytes: usize,
    },
    /// A layout that contradicts itself: a bitmap longer than the size, or a size that no word fits.
    BadLayout {
        /// Bytes the layout was declared with.
        size: usize,
    },
    /// More layouts or allocation kinds than the heap's tables hold.
    TooManyLayouts {
        /// How many there can be.
        limit: usize,
    },
    /// An address that is not that of a live object of this heap.
    NotAnObject {
        /// The address that was handed in.
        address: usize,
    },
    /// The object already has a finalizer.
    HasFinalizer {
        /// The object's address.
        address: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::AddressSpace { bytes, os } => write!(
                f,
                "cannot reserve {bytes} bytes of address space (os error {os}); lower Config::reserve or the process's address-space limit is too low"
            ),
            Error::OutOfMemory { bytes } => {
                write!(
                    f,
                    "heap exhausted: no room for {bytes} bytes; raise Config::reserve or free memory"
                )
            }
            Error::TooLarge { bytes } => {
                write!(f, "allocation of {bytes} bytes is larger than the heap's address range")
            }
            Error::BadLayout { size } => write!(
                f,
                "layout of {size} bytes is inconsistent: its size must be a non-zero multiple of 8 if it has pointers, and its bitmap must not reach past it"
            ),
            Error::TooManyLayouts { limit } => {
                write!(
                    f,
                    "more than {limit} layouts or kinds; share layouts that have the same pointer bitmap"
                )
            }
            Error::NotAnObject { address } => {
                write!(f, "{address:#x} is not the address of a live object of this heap")
            }
            Error::HasFinalizer { address } => {
                write!(
                    f,
                    "the object at {address:#x} already has a finalizer; remove that one first"
                )
            }
        }
    }
}

impl std::error::Error for Error {}
