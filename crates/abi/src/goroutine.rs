//! What compiled code knows of a goroutine: the beginning of `runtime.g`, and the frames that have deferred calls.

/// Offsets in `runtime.g`, whose address is at [`crate::worker::G`].
pub mod g {
    /// The innermost frame that may have deferred calls: the address of its [`frame`](super::frame).
    pub const DEFER_FRAME: usize = 0;
}

/// Offsets in `runtime._deferframe`, the slot of an `EnterDefer`. That instruction, by way of
/// [`ENTER_DEFER`](crate::entries::ENTER_DEFER), writes all of it: [`PC`](frame::PC) to [`FP`](frame::FP) and [`RBX`](frame::RBX)
/// to [`R14`](frame::R14) as recovery restores them, zero to [`CALLS`](frame::CALLS), the old value of
/// [`DEFER_FRAME`](g::DEFER_FRAME) to [`LINK`](frame::LINK); and the slot's address to `DEFER_FRAME`.
///
/// Recovery loads `rsp`, `rbp`, `rbx`, `r12`, `r13` and `r14`, which the function owes to its caller whether it uses them itself
/// or not, and jumps to `PC` with `rax` = 1, `rcx` = the slot's address and the pinned register right.
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
    /// `rbx` at `PC`.
    pub const RBX: usize = 48;
    /// `r12` there.
    pub const R12: usize = 56;
    /// `r13` there.
    pub const R13: usize = 64;
    /// `r14` there.
    pub const R14: usize = 72;
    /// Bytes of the slot.
    pub const SIZE: usize = 80;
}
