//! What compiled code knows of a goroutine: the beginning of `runtime.g`, and the frames that have deferred calls.

/// Offsets in `runtime.g`, whose address is at [`crate::worker::G`].
pub mod g {
    /// The innermost frame that may have deferred calls: the address of its [`frame`](super::frame).
    pub const DEFER_FRAME: usize = 0;
}

/// Offsets in `runtime._deferframe`, the slot of an `EnterDefer`. That instruction writes all of it: [`PC`](frame::PC) to
/// [`FP`](frame::FP) as recovery restores them, zero to [`CALLS`](frame::CALLS), the old value of
/// [`DEFER_FRAME`](g::DEFER_FRAME) to [`LINK`](frame::LINK); and the slot's address to `DEFER_FRAME`.
///
/// Recovery loads `rsp` and `rbp` and jumps to `PC`, with the pinned register right and all others undefined.
pub mod frame {
    /// Where recovery goes: the code that makes `EnterDefer` give 1.
    pub const PC: usize = 0;
    /// The stack pointer there.
    pub const SP: usize = 8;
    /// The frame pointer there: also what `FrameAddr` of this function gives.
    pub const FP: usize = 16;
    /// The next outer frame.
    pub const LINK: usize = 24;
    /// The deferred calls, the last one first. A pointer into the heap.
    pub const CALLS: usize = 32;
    /// The runtime's own.
    pub const FLAGS: usize = 40;
    /// Bytes of the slot.
    pub const SIZE: usize = 48;
}
