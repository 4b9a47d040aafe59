//! The assembly between goroutines and workers: change of stacks, and calls into the runtime.

use super::vm::Worker;
use std::{arch::naked_asm, mem::offset_of};
use trigo_heap::offsets;

/// The client words of a mutator, as this runtime uses them; the second one is the stack guard.
#[repr(C)]
pub struct Words {
    _first: usize,
    pub guard: usize,
    pub worker: *mut Worker,
    /// The worker's stack pointer while a goroutine runs.
    system_sp: usize,
    /// Where a goroutine may leave a pointer.
    pub scratch: usize,
}

const WORKER: usize = offsets::CLIENT + offset_of!(Words, worker);
const SYSTEM_SP: usize = offsets::CLIENT + offset_of!(Words, system_sp);
const _: () = assert!(offset_of!(Words, guard) == offsets::STACK_GUARD);

/// A slow path: runs on the worker's stack, for the goroutine that is suspended at `sp`.
pub type Native = extern "C" fn(worker: *mut Worker, sp: *const u8, a: usize, b: usize) -> usize;

/// Why a goroutine has given way, and where it is suspended.
#[repr(C)]
pub struct Parked {
    pub sp: *const u8,
    pub reason: usize,
}

/// Calls `native` on the system stack, with every register that the caller may need later saved on the goroutine's.
#[unsafe(naked)]
pub unsafe extern "C" fn call(state: *mut u8, native: Native, a: usize, b: usize) -> usize {
    naked_asm!(
        "push rbp", "push rbx", "push r12", "push r13", "push r14", "push r15",
        "mov rbx, rsp",
        "mov rax, rsi",
        "mov rsi, rsp",
        "mov rsp, [rdi + {system_sp}]",
        "mov rdi, [rdi + {worker}]",
        "call rax",
        "mov rsp, rbx",
        "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp",
        "ret",
        system_sp = const SYSTEM_SP,
        worker = const WORKER,
    )
}

/// Calls `f`, which waits in the kernel, on the goroutine's stack while the worker is blocked. The registers that the caller
/// needs later stay saved above until the worker is back.
#[unsafe(naked)]
pub unsafe extern "C" fn call_blocked(state: *mut u8, f: extern "C" fn()) {
    naked_asm!(
        "push rbp", "push rbx", "push r12", "push r13", "push r14", "push r15",
        "mov rbx, rsp",
        "mov r12, rdi",
        "mov r13, rsi",
        "mov rsi, rsp",
        "mov rsp, [r12 + {system_sp}]",
        "mov rdi, [r12 + {worker}]",
        "call {enter}",
        "lea rsp, [rbx - 8]",
        "call r13",
        "mov rsp, [r12 + {system_sp}]",
        "mov rdi, [r12 + {worker}]",
        "call {leave}",
        "mov rsp, rbx",
        "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp",
        "ret",
        system_sp = const SYSTEM_SP,
        worker = const WORKER,
        enter = sym super::vm::enter_blocked,
        leave = sym super::vm::leave_blocked,
    )
}

/// Leaves the worker's stack for a goroutine that is suspended at `sp`; returns when that gives way.
#[unsafe(naked)]
pub unsafe extern "C" fn run(state: *mut u8, sp: *const u8) -> Parked {
    naked_asm!(
        "push rbp", "push rbx", "push r12", "push r13", "push r14", "push r15",
        "sub rsp, 8",
        "mov [rdi + {system_sp}], rsp",
        "mov rsp, rsi",
        "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp",
        "mov rax, rdi",
        "ret",
        system_sp = const SYSTEM_SP,
    )
}

/// Leaves the goroutine's stack for the worker's; returns the state of the worker that resumes the goroutine.
#[unsafe(naked)]
pub unsafe extern "C" fn park(state: *mut u8, reason: usize) -> *mut u8 {
    naked_asm!(
        "push rbp", "push rbx", "push r12", "push r13", "push r14", "push r15",
        "mov rax, rsp",
        "mov rdx, rsi",
        "mov rsp, [rdi + {system_sp}]",
        "add rsp, 8",
        "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp",
        "ret",
        system_sp = const SYSTEM_SP,
    )
}

/// Calls `f` with the stack pointer at `top`, and returns to the old one.
#[unsafe(naked)]
pub unsafe extern "C" fn on_segment(top: usize, f: extern "C" fn(usize), a: usize) {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "mov rsp, rdi",
        "mov rdi, rdx",
        "call rsi",
        "mov rsp, rbp",
        "pop rbp",
        "ret"
    )
}

/// The first return address of a goroutine: calls its function with the worker's state and its argument.
#[unsafe(naked)]
unsafe extern "C" fn start() {
    naked_asm!("mov rdi, rax", "mov rsi, r12", "xor ebp, ebp", "call r13", "ud2")
}

/// Lays out the frame from which [`run`] starts `f`; the stack pointer.
///
/// # Safety
/// 1. The words below `top`, which is aligned to 16, are writable.
pub unsafe fn first_frame(
    top: *mut u8,
    f: extern "C" fn(*mut u8, usize),
    argument: usize,
) -> *mut u8 {
    let words = [0, 0, f as usize, argument, 0, 0, start as *const () as usize];
    let frame = top.cast::<usize>().wrapping_sub(words.len());
    // SAFETY: as the caller vouches.
    unsafe { frame.cast::<[usize; 7]>().write(words) };
    frame.cast()
}
