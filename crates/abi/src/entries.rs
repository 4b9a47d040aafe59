//! Assembly of the runtime that compiled code calls, by symbol.
//!
//! *Preserving* entries (Cranelift's `preserve_all`) are called on slow paths that must cost nothing on the fast one: they keep
//! **every** register, float registers included. Arguments come in `rdi`, `rsi`, `rdx`. They may switch to the system stack and
//! may run other goroutines; `r15` is then another worker's when they return.

/// Preserving: a safepoint on a loop's way back, [`worker::POLL`](crate::worker::POLL) being set.
pub const POLL: &str = "trigo_poll";

/// Preserving, never waits: records a store of the pointer `rsi` to the address `rdi` while
/// [`worker::BARRIER`](crate::worker::BARRIER) is set: the word that lies there now, which faults if `rdi` is nil, and the new one.
/// The store itself follows in compiled code, with no safepoint between.
pub const BARRIER: &str = "trigo_barrier";

/// Preserving: records a copy of a value of the type with descriptor `rdi` to address `rsi` from address `rdx`, likewise; a
/// `rdx` of 0 stands for a zero value.
pub const BARRIER_TYPED: &str = "trigo_barrier_typed";

/// In the compiled convention: allocates a zeroed object of the type with descriptor `rdi`, which has a size; its address in
/// `rax`.
pub const NEW_OBJECT: &str = "trigo_newobject";

/// In the compiled convention: allocates `rsi` zeroed elements of the type with descriptor `rdi`; its address in `rax`. The
/// size in bytes was checked.
pub const NEW_ARRAY: &str = "trigo_newarray";

/// In the compiled convention, reached by a jump: see [the crate's page](crate). Finds stack for the function at
/// [`worker::ENTRY`](crate::worker::ENTRY), or gives way, and enters that function again.
pub const MORESTACK: &str = "trigo_morestack";

/// In the compiled convention: gets the [frame with deferred calls](crate::frame) at `rdi` ready, as is said there: `PC` is its
/// own return address, `SP` the stack pointer after its return. Returns `rax` = 0, `rcx` = the frame's address.
pub const ENTER_DEFER: &str = "trigo_enterdefer";

/// In the compiled convention: calls the native `rdi` with the block `rsi`; see [the crate's page](crate).
pub const NATIVE: &str = "trigo_native";

/// System V, a leaf: divides `rdi:rsi` by `rdx`, all unsigned; quotient in `rax`, remainder in `rdx`.
pub const DIVIDE_WIDE: &str = "trigo_divwide";
