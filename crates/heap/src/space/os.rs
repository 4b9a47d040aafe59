//! The operating system's side of memory: reserve, commit, release.
//!
//! A heap's range is mapped readable and writable from the beginning, where the system allows that: then a heap grows
//! without a system call, which would wait for every page fault of the process. A system that counts all writable memory
//! against a limit refuses; there the range is made usable piece by piece.
//!
//! Miri knows none of these calls. It gets the allocator's memory (module `miri`), so that small heaps run under it.

use crate::error::Error;
#[cfg(not(miri))]
use std::{io, ptr};

/// Bytes of a page of the operating system.
const SYSTEM_PAGE: usize = 4096;

/// A range of address space that this process owns until the value is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: usize,
    len: usize,
    /// Whether pages fault until they are committed.
    guarded: bool,
}

impl Reservation {
    /// Reserves `len` bytes of address space, aligned to `align`. The pages read as zero and cost memory when first touched.
    pub(crate) fn new(len: usize, align: usize) -> Result<Self, Error> {
        Self::map(len, align, false)
    }

    /// [`Self::new`] for pages that are used after [`Reservation::commit`] alone, which takes less of the system.
    pub(crate) fn to_commit(len: usize, align: usize) -> Result<Self, Error> {
        Self::map(len, align, false).or_else(|_| Self::map(len, align, true))
    }

    #[cfg(miri)]
    fn map(len: usize, _align: usize, guarded: bool) -> Result<Self, Error> {
        Ok(Self { base: miri::map(len), len, guarded })
    }

    #[cfg(not(miri))]
    fn map(len: usize, align: usize, guarded: bool) -> Result<Self, Error> {
        let protection = if guarded { libc::PROT_NONE } else { libc::PROT_READ | libc::PROT_WRITE };
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let padded = len.checked_add(align).ok_or(Error::AddressSpace { bytes: len, os: 0 })?;
        // SAFETY: an anonymous mapping at an address of the kernel's choosing disturbs nothing.
        let at = unsafe { libc::mmap(ptr::null_mut(), padded, protection, flags, -1, 0) };
        if at == libc::MAP_FAILED {
            let os = io::Error::last_os_error().raw_os_error().unwrap_or(0);
            return Err(Error::AddressSpace { bytes: len, os });
        }
        let start = at as usize;
        let base = start.next_multiple_of(align);
        for (from, size) in [(start, base - start), (base + len, start + padded - base - len)] {
            if size > 0 {
                // SAFETY: the slack at either side of the aligned range is ours and unused.
                unsafe { libc::munmap(from as *mut _, size) };
            }
        }
        Ok(Self { base, len, guarded })
    }

    /// The first address.
    pub(crate) fn base(&self) -> usize {
        self.base
    }

    /// Makes `offset..offset + len` readable and writable; it reads as zero.
    pub(crate) fn commit(&self, offset: usize, len: usize) -> Result<(), Error> {
        assert!(offset + len <= self.len, "commit past the end of a reservation");
        if !self.guarded {
            return Ok(());
        }
        let at = (self.base + offset) as *mut libc::c_void;
        // SAFETY: the range lies in this reservation.
        let status = unsafe { libc::mprotect(at, len, libc::PROT_READ | libc::PROT_WRITE) };
        if status == 0 { Ok(()) } else { Err(Error::OutOfMemory { bytes: len }) }
    }

    /// Asks for huge pages from `offset` on, and for none before it.
    pub(crate) fn want_huge_pages(&self, offset: usize) {
        if cfg!(miri) {
            return;
        }
        let offset = offset.min(self.len);
        let parts = [(0, offset, libc::MADV_NOHUGEPAGE), (offset, self.len, libc::MADV_HUGEPAGE)];
        for (from, to, advice) in parts {
            if from < to {
                // SAFETY: the range lies in this reservation. A kernel without huge pages refuses, which changes nothing.
                unsafe { libc::madvise((self.base + from) as *mut _, to - from, advice) };
            }
        }
    }

    /// Has the system map the pages that hold any of `offset..offset + len`, as if each had been written to; what they hold
    /// stays as it is. True if it did: old systems cannot, and some have no memory left.
    pub(crate) fn populate(&self, offset: usize, len: usize) -> bool {
        if cfg!(miri) {
            return false;
        }
        let from = offset & !(SYSTEM_PAGE - 1);
        let to = (offset + len).next_multiple_of(SYSTEM_PAGE).min(self.len);
        let at = (self.base + from) as *mut libc::c_void;
        // SAFETY: the range lies in this reservation, and no byte of it changes.
        unsafe { libc::madvise(at, to - from, libc::MADV_POPULATE_WRITE) == 0 }
    }

    /// Gives the pages of `offset..offset + len` back; they read as zero when touched again.
    pub(crate) fn release(&self, offset: usize, len: usize) {
        assert!(offset + len <= self.len, "release past the end of a reservation");
        #[cfg(miri)]
        miri::clear(self.base + offset, len);
        // SAFETY: the range lies in this reservation and its owner has said that nothing in it is used.
        #[cfg(not(miri))]
        unsafe {
            libc::madvise((self.base + offset) as *mut _, len, libc::MADV_DONTNEED)
        };
    }

    /// [`Self::release`] of the pages of the system that lie in `from..to` whole, if there are any.
    pub(crate) fn release_whole_pages(&self, from: usize, to: usize) {
        let (from, to) = (from.next_multiple_of(SYSTEM_PAGE), to & !(SYSTEM_PAGE - 1));
        if from < to {
            self.release(from, to - from);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        #[cfg(miri)]
        miri::unmap(self.base, self.len);
        // SAFETY: the range is ours; whoever drops it has given up all pointers into it.
        #[cfg(not(miri))]
        unsafe {
            libc::munmap(self.base as *mut _, self.len)
        };
    }
}

#[cfg(miri)]
mod miri {
    //! Memory for Miri, as aligned as any range of a heap has to be.

    use std::alloc::{Layout, alloc_zeroed, dealloc};

    fn layout(len: usize) -> Layout {
        Layout::from_size_align(len, 2 << 20)
            .expect("a reservation has a size that a layout can have")
    }

    pub(super) fn map(len: usize) -> usize {
        // SAFETY: no reservation is empty.
        unsafe { alloc_zeroed(layout(len)) }.expose_provenance()
    }

    pub(super) fn clear(at: usize, len: usize) {
        // SAFETY: as for the call of the system.
        unsafe { (at as *mut u8).write_bytes(0, len) };
    }

    pub(super) fn unmap(base: usize, len: usize) {
        // SAFETY: it was mapped with this length; the rest as for the call of the system.
        unsafe { dealloc(base as *mut u8, layout(len)) };
    }
}
