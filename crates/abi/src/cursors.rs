//! Cursors that compiled code allocates small objects by, as byte offsets from the pinned register.
//!
//! The heap has a cursor for each size of slots, one for objects without pointers and one for objects of nothing but
//! pointers: the address of the next free slot, which is zeroed, and at [`LIMIT`] the end of the free ones. The runtime
//! asserts that the heap's offsets are these.

/// Sizes of slots, in bytes; an object takes the smallest one that holds it.
pub const SLOTS: [u64; 26] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352,
    384, 416, 448, 480, 512,
];

/// From a cursor's next slot to the end of its free ones.
pub const LIMIT: usize = 8;

/// The cursor for objects in slots of the size at this index, of pointers alone or of none.
pub const fn of(slot: usize, pointers: bool) -> usize {
    192 + 32 * (2 + 4 * slot + pointers as usize)
}
