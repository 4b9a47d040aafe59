//! What compiled code and the runtime agree upon.
//!
//! Code generation and the runtime never see each other; both see this crate. It holds numbers and `repr(C)`
//! tables, and no code beyond reading and writing those.
//!
//! # Registers and calls
//!
//! Compiled functions use Cranelift's `Tail` convention. `r15` is the pinned register: the address of the worker's
//! [words](worker), which is also the state of the heap's mutator. `rbp` is the frame pointer, kept in every function: the
//! caller's `rbp` lies at `[rbp]`, the return address at `[rbp+8]`. The stack is aligned to 16 before each call.
//!
//! | registers | use |
//! |---|---|
//! | `rdi rsi rdx rcx r8 r9`, `xmm0`–`xmm7` | arguments, each class in order |
//! | `rax rcx rdx rsi rdi r8`, `xmm0`–`xmm7` | results, each class in order |
//! | `rbx r12 r13 r14` | saved by the callee |
//! | all others | free in the callee; `rax r10 r11` hold nothing at a function's entry |
//!
//! Integers narrower than their register leave its upper bits undefined; `f32` likewise.
//!
//! Parameters and results are assigned as Go's `internal/abi` and `reflect` do (`abiSeq`), with
//! [`INT_REGISTERS`] integer and [`FLOAT_REGISTERS`] float registers for each direction: a value goes into
//! registers whole or not at all. What is assigned to registers becomes parameters and results of the Cranelift
//! signature, in order. What is assigned to the stack lies in a block of memory that the caller owns, laid out as
//! `reflect` lays out a frame (arguments, then results, aligned to 8; no spill area), whose address the caller writes to
//! [`worker::ARGS`] just before the call; a callee with such parts reads it first of all. A call without such
//! parts leaves the word alone. A closure's address travels in [`worker::CONTEXT`] in the same way.
//!
//! A function's entry compares `rsp`, its frame already made, with [`worker::STACK_LIMIT`]. If it is below, the function
//! writes its own address to [`worker::ENTRY`] and that `rsp` to [`worker::ENTRY_SP`], takes its frame down and
//! jumps to `trigo_morestack`: all argument registers, callee-saved registers, `rsp` and the words `ARGS` and `CONTEXT` are
//! as they were at the call. The runtime keeps those words with the goroutine if another runs meanwhile. The heap raises the
//! limit above every address in order to ask for an answer, and the runtime to have a goroutine give way.
//!
//! The assembly that compiled code calls is listed in [`entries`].
//!
//! # Natives
//!
//! A Go function without a body that the runtime implements in Rust is called through a stub that code generation
//! makes: it lays out arguments and results in a block as above, but all of them on the stack (Go's ABI0), and calls
//! `trigo_native` with the native's address and the block's. That saves the goroutine's registers, switches to the
//! worker's system stack and calls the native: `extern "C" fn(worker, block) -> Outcome`. When the native says that the
//! goroutine parks, the scheduler runs another and the stub returns when the goroutine is resumed. The native of the Go
//! function with link name `N` is the symbol `native:N` ([`NATIVE_PREFIX`]), the stub is `N` itself; a name that nothing
//! defines is a link error.
//!
//! [Leaf natives](LEAVES) instead are called by the System V convention and on the goroutine's stack, their scalars in
//! registers: they use little stack, take no lock and never wait. Their symbols have the same prefix.
//!
//! [What must be assembly](ASSEMBLY) the runtime defines under its Go link name, in the compiled convention, without a stub.
//!
//! # Tables
//!
//! [`module`] has what the runtime reads: functions with their lines, roots, kinds, types. The program begins in C's
//! `main`, which the runtime defines.
//!
//! # Link
//!
//! The runtime is linked by itself, once, to a static executable at low addresses; what it exports is in its symbol table.
//! A program is laid out behind it, from [`PROGRAM_BASE`] on and below 2 GiB, so that every address is also a 32-bit offset
//! from 0. The runtime names nothing of a program but its [`module::Module`], which is what stands at `PROGRAM_BASE`; that
//! names the Go functions which the runtime calls.

pub mod cursors;
pub mod entries;
pub mod goroutine;
pub mod module;
pub mod worker;

pub use goroutine::{frame, g};

/// Integer registers for arguments, and as many for results.
pub const INT_REGISTERS: usize = 6;
/// Float registers for arguments, and as many for results.
pub const FLOAT_REGISTERS: usize = 8;

/// Bytes below the stack limit that functions without a check, leaf natives and stubs may use.
pub const STACK_GUARD: u64 = 4096;

/// Where the program's image begins, with its [`module::Module`]; the runtime's image ends below.
pub const PROGRAM_BASE: u64 = 0x200_0000;

/// Natives that are called by the System V convention on the goroutine's stack, by link name.
pub const LEAVES: &[&str] = &[
    "runtime.memmove",
    "runtime.memclrNoHeapPointers",
    "runtime.memequal",
    "runtime.barrierOn",
    "runtime.getg",
    "runtime.getfp",
    "runtime.procyield",
    "runtime.pin",
    "runtime.unpin",
    "internal/bytealg.Compare",
    "internal/bytealg.Count",
    "internal/bytealg.CountString",
    "internal/bytealg.Index",
    "internal/bytealg.IndexString",
    "internal/bytealg.IndexByte",
    "internal/bytealg.IndexByteString",
    "runtime.cmpstring",
];

/// What the symbol of a native begins with; the Go function's link name follows.
pub const NATIVE_PREFIX: &str = "native:";

/// Functions of [`ASSEMBLY`] that call a Go function, and which. The program must hold it where it holds the caller.
pub const ASSEMBLY_CALLS: &[(&str, &str)] = &[
    ("reflect.makeFuncStub", "reflect.callReflect"),
    ("reflect.methodValueCall", "reflect.callMethod"),
];

/// Go functions without a body that the runtime defines itself in the compiled convention, by link name.
pub const ASSEMBLY: &[&str] = &[
    "runtime.recovery",
    "runtime.reflectcall",
    "reflect.makeFuncStub",
    "reflect.methodValueCall",
    "syscall.rawVforkSyscall",
];
