//! Words of a worker that compiled code reads and writes, as byte offsets from the pinned register.
//!
//! The register holds the address of the heap mutator's state. The heap keeps [`COUNT`] words at its start for the
//! embedding runtime: these. What follows them (poll word, barrier flag and buffer, cursors) is the heap's, at the
//! offsets that its `offsets` module states; the runtime asserts that both agree.

/// Number of words that the runtime has at the start of a mutator's state.
pub const COUNT: usize = 16;

/// The goroutine that runs, the address of its `runtime.g`: see [`crate::g`].
pub const G: usize = 0;
/// The lowest stack pointer a function may be entered with.
pub const STACK_LIMIT: usize = 8;
/// The closure that is being called, from just before the call to the callee's first instruction. A root.
pub const CONTEXT: usize = 16;
/// The block of arguments and results on the stack, likewise. Points into the caller's frame.
pub const ARGS: usize = 24;
/// Where the system stack begins: natives run below.
pub const SYSTEM_SP: usize = 32;
/// The runtime's own record of the worker.
pub const WORKER: usize = 40;
/// The address of the function that found the stack too small, from just before it goes to `trigo_morestack` to that one's
/// first instruction.
pub const ENTRY: usize = 48;
/// The stack pointer that this function would have run with: what it needs.
pub const ENTRY_SP: usize = 56;
/// A byte of each value that `runtime.KeepAlive` uses is stored here, and read by nobody.
pub const USED: usize = 64;

/// The heap's `u32` that is non-zero when a safepoint must call `trigo_poll`.
pub const POLL: usize = COUNT * 8;
/// The heap's `u32` that is non-zero while stores of pointers must be recorded.
pub const BARRIER: usize = POLL + 16;
/// Address of the next free word of the heap's barrier buffer.
pub const BUFFER_NEXT: usize = BARRIER + 8;
/// Address past the last word of the barrier buffer.
pub const BUFFER_END: usize = BUFFER_NEXT + 8;
