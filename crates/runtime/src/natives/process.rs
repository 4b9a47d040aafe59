//! The process: arguments, environment, output, exit, calls of the system, forks.

use super::{GoString, natives};
use crate::goroutine::Go;
use crate::runtime;
use crate::sync::Ordering;
use crate::worker::{Outcome, Worker};
use std::arch::global_asm;
use std::ffi::CStr;

/// String number `i` of a list that ends in null, as C's `main` gets it.
fn string_of(list: *const *const libc::c_char, i: usize) -> GoString {
    // SAFETY: Go asks for one number after the other and stops at the end; the strings are the process's.
    unsafe {
        let at = *list.add(i);
        if at.is_null() { GoString::NONE } else { GoString::of(CStr::from_ptr(at).to_bytes()) }
    }
}

/// Six arguments and the number of a call.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Call(pub(crate) [usize; 7]);

/// Calls the system; result and error number.
///
/// # Safety
/// 1. As the call demands.
pub(crate) unsafe fn system(call: &Call) -> (usize, usize) {
    let [number, a, b, c, d, e, f] = call.0;
    let result: usize;
    // SAFETY: the kernel's convention: it changes rax, rcx and r11. The rest as the caller vouches.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    if result > -4096isize as usize { (usize::MAX, result.wrapping_neg()) } else { (result, 0) }
}

/// A call of the system by Go code; result, error number and what becomes of the goroutine.
///
/// If the goroutine has not said that it may wait, it touches nothing that threads share: it may be the child of a fork,
/// which runs in its parent's memory and may end here.
fn call_system(worker: &mut Worker, call: &Call) -> (usize, usize, Outcome) {
    let goroutine = worker.running();
    if !goroutine.go.in_syscall {
        // SAFETY: Go code asks for it, and vouches.
        let (result, error) = unsafe { system(call) };
        return (result, error, Outcome::Done);
    }
    // Release, here and below: who reads it may look at the stack, and the count tells when that was no more allowed.
    goroutine.syscall_sp.store(worker.suspended_at, Ordering::Release);
    // SAFETY: Go code asks for it, and vouches.
    let ((result, error), outcome) = worker.outside(|| unsafe { system(call) });
    goroutine.syscall_sp.store(0, Ordering::Release);
    goroutine.resumes.fetch_add(1, Ordering::Release);
    (result, error, outcome)
}

natives! {
    "runtime.rawSyscall6" raw_syscall6(w, call: Call) -> (r1: usize, r2: usize, errno: usize) {
        let outcome;
        (*r1, *errno, outcome) = call_system(w, &call);
        *r2 = 0;
        outcome
    }

    "internal/runtime/syscall/linux.Syscall6"
    syscall6(w, call: Call) -> (r1: usize, r2: usize, errno: usize) {
        let outcome;
        (*r1, *errno, outcome) = call_system(w, &call);
        *r2 = 0;
        outcome
    }

    "syscall.rawSyscallNoError"
    syscall_no_error(_w, number: usize, a: usize, b: usize, c: usize) -> (r1: usize, r2: usize) {
        // SAFETY: Go code asks for it, and vouches.
        *r1 = unsafe { system(&Call([number, a, b, c, 0, 0, 0])) }.0;
        *r2 = 0;
        Outcome::Done
    }

    "runtime.allThreadsSyscall"
    all_threads_syscall(w, call: Call) -> (r1: usize, r2: usize, errno: usize) {
        // SAFETY: Go code asks for it, and vouches.
        let answer = w.mutator.blocked(|| unsafe { crate::all_threads::call(&call) });
        let Some((result, error)) = answer else {
            crate::crash::fatal("AllThreadsSyscall: results differ between threads; runtime corrupted")
        };
        (*r1, *r2, *errno) = (result, 0, error);
        Outcome::Done
    }

    "syscall.gettimeofday" gettimeofday(_w, time: usize) -> (errno: usize) {
        // SAFETY: Go code passes a place for the answer.
        *errno = unsafe { system(&Call([libc::SYS_gettimeofday as usize, time, 0, 0, 0, 0, 0])) }.1;
        Outcome::Done
    }

    "runtime.writeNative" write(_w, fd: usize, start: *const u8, n: i32) -> (written: i32) {
        // SAFETY: Go code passes what it wants to write.
        *written = unsafe { libc::write(fd as i32, start.cast(), n as usize) } as i32;
        Outcome::Done
    }

    "runtime.exitNative" exit(_w, code: i32) {
        // Other threads run; destructors that C's exit would call must not meet them.
        // SAFETY: ends the process.
        unsafe { libc::_exit(code) }
    }

    "runtime.abortNative" abort(_w) {
        crate::crash::abort()
    }

    "runtime.argsNative" args(_w, i: usize) -> (arg: GoString) {
        *arg = string_of(runtime().process.argv as *const _, i);
        Outcome::Done
    }

    "runtime.envNative" env(_w, i: usize) -> (variable: GoString) {
        *variable = string_of(runtime().process.envp as *const _, i);
        Outcome::Done
    }

    "runtime.auxvNative" auxv(_w) -> (start: usize, words: usize) {
        let mut at = runtime().process.envp as *const usize;
        // SAFETY: the environment ends in a null, and the auxiliary vector, which ends in a pair of type 0, follows.
        unsafe {
            while *at != 0 {
                at = at.add(1);
            }
            at = at.add(1);
            *start = at as usize;
            *words = 0;
            while *at.add(*words) != 0 {
                *words += 2;
            }
            *words += 2;
        }
        Outcome::Done
    }

    "runtime.breakpoint" breakpoint(_w) {
        // SAFETY: a trap for a debugger.
        unsafe { std::arch::asm!("int3") };
        Outcome::Done
    }

    "runtime.beforeFork" before_fork(w) {
        crate::signals::block_all();
        w.forking = true;
        Outcome::Done
    }

    "runtime.afterFork" after_fork(w, child: bool) {
        if child {
            crate::signals::reset_for_child();
        } else {
            crate::signals::unblock_all();
            w.forking = false;
            let limit = w.running().limit;
            w.mutator.set_stack_guard(limit);
            w.answer();
        }
        Outcome::Done
    }

    "runtime.beforeExec" before_exec(_w) {
        Outcome::Done
    }

    "runtime.afterExec" after_exec(_w) {
        Outcome::Done
    }
}

global_asm!(
    // rawVforkSyscall(trap rdi, a1 rsi, a2 rdx, a3 rcx) (r1 rax, err rcx). The child runs on this stack before the parent
    // goes on: the return address is kept in a register, which each of them has for itself. Until then the goroutine holds a
    // lock, so that the child does not give way to others.
    ".globl \"syscall.rawVforkSyscall\"",
    "\"syscall.rawVforkSyscall\":",
    "pop r9",
    "mov rax, [r15 + {g}]",
    "inc dword ptr [rax + {locks}]",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "xor r10d, r10d",
    "xor r8d, r8d",
    "syscall",
    "push r9",
    "xor ecx, ecx",
    "test rax, rax",
    "jz 2f",
    "mov r8, [r15 + {g}]",
    "dec dword ptr [r8 + {locks}]",
    "cmp rax, -4095",
    "jb 2f",
    "neg rax",
    "mov rcx, rax",
    "mov rax, -1",
    "2: ret",
    g = const trigo_abi::worker::G,
    locks = const std::mem::offset_of!(Go, locks),
);
