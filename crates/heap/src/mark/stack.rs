//! The memory of a marker's stack.
//!
//! The hot loop keeps the pointer to it in a register while functions that it calls push and spill through the marker. So all
//! go by one raw pointer: a box would be that of whoever used it last.

use super::STACK;
use std::{
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

/// Room for the addresses of a stack.
#[derive(Debug)]
pub(super) struct Room(NonNull<[usize; STACK]>);

impl Room {
    pub(super) fn new() -> Self {
        Self(NonNull::from(Box::leak(Box::new([0; STACK]))))
    }

    /// Where the first address lies. Good as long as the room is.
    #[inline(always)]
    pub(super) fn start(&self) -> *mut usize {
        self.0.as_ptr().cast()
    }
}

impl Deref for Room {
    type Target = [usize; STACK];

    fn deref(&self) -> &Self::Target {
        // SAFETY: the memory is this value's until it is dropped, and initialised.
        unsafe { self.0.as_ref() }
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut Self::Target {
        // SAFETY: as above. The hot loop uses its pointer while no such reference lives.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: it was a box, and nobody else drops it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
