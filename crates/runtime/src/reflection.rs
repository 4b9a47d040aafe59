//! Calls that `reflect` makes and takes: the assembly between registers and `abi.RegArgs`.
//!
//! `reflect` lays out what does not travel in registers as compiled code does (see [`trigo_abi`]), so its frame is the block
//! that [`ARGS`](trigo_abi::worker::ARGS) names. A call copies it to the stack and back, because callees write results
//! without telling the collector.

use crate::runtime;
use crate::start::entries;
use crate::worker::{Outcome, Worker};
use std::arch::global_asm;
use std::sync::atomic::{AtomicUsize, Ordering};
use trigo_abi::worker;

/// The offset of `Ptrs` in `abi.RegArgs`, behind integers and floats, and of the bits that say which results are pointers.
const POINTERS: usize = (trigo_abi::INT_REGISTERS + trigo_abi::FLOAT_REGISTERS) * 8;
const RESULT_BITS: usize = POINTERS + trigo_abi::INT_REGISTERS * 8;

/// The code of `reflect.callReflect` and `reflect.callMethod`; 0 before it was looked for.
static CALL_REFLECT: AtomicUsize = AtomicUsize::new(0);
static CALL_METHOD: AtomicUsize = AtomicUsize::new(0);

global_asm!(
    // From the arrays at a register plus an offset.
    ".macro trigo_load_floats at",
    "movsd xmm0, [\\at + 48]", "movsd xmm1, [\\at + 56]", "movsd xmm2, [\\at + 64]", "movsd xmm3, [\\at + 72]",
    "movsd xmm4, [\\at + 80]", "movsd xmm5, [\\at + 88]", "movsd xmm6, [\\at + 96]", "movsd xmm7, [\\at + 104]",
    ".endm",
    ".macro trigo_store_floats at",
    "movsd [\\at + 48], xmm0", "movsd [\\at + 56], xmm1", "movsd [\\at + 64], xmm2", "movsd [\\at + 72], xmm3",
    "movsd [\\at + 80], xmm4", "movsd [\\at + 88], xmm5", "movsd [\\at + 96], xmm6", "movsd [\\at + 104], xmm7",
    ".endm",
    ".text",
    // reflectcall(stackArgsType rdi, f rsi, stackArgs rdx, stackArgsSize ecx, stackRetOffset r8d, frameSize r9d;
    // on the stack: regArgs)
    ".globl \"runtime.reflectcall\"",
    "\"runtime.reflectcall\":",
    "push rbp",
    "mov rbp, rsp",
    "mov eax, r9d",
    "add rax, 15",
    "and rax, -16",
    "mov r10, rsp",
    "sub r10, rax",
    "sub r10, 256",
    "cmp r10, [r15 + {limit}]",
    "jb 3f",
    "push rbx", "push r12", "push r13", "push r14",
    "mov rbx, [r15 + {args}]",
    "mov rbx, [rbx]",
    "mov r12, rdx",
    "mov r13d, ecx",
    "mov r14d, r8d",
    "sub rsp, 16",
    "mov [rsp], rdi",
    "sub rsp, rax",
    "mov r10, rsi",
    "mov rdi, rsp",
    "mov rsi, r12",
    "rep movsb",
    "mov [r15 + {args}], rsp",
    "mov [r15 + {context}], r10",
    "mov rdi, [rbx]", "mov rsi, [rbx + 8]", "mov rdx, [rbx + 16]", "mov rcx, [rbx + 24]",
    "mov r8, [rbx + 32]", "mov r9, [rbx + 40]",
    "trigo_load_floats rbx",
    "call [r10]",
    "mov [rbx], rax", "mov [rbx + 8], rcx", "mov [rbx + 16], rdx", "mov [rbx + 24], rsi",
    "mov [rbx + 32], rdi", "mov [rbx + 40], r8",
    "trigo_store_floats rbx",
    "mov rax, rsp",
    "sub rsp, 48",
    "mov [rsp], r12", "mov [rsp + 8], rax", "mov [rsp + 16], r13", "mov [rsp + 24], r14", "mov [rsp + 32], rbx",
    "lea rdi, [rip + trigo_native_reflectresults]",
    "mov rsi, rsp",
    "call trigo_native",
    "lea rsp, [rbp - 32]",
    "pop r14", "pop r13", "pop r12", "pop rbx",
    "pop rbp",
    "ret",
    "3: lea rax, [rip + \"runtime.reflectcall\"]",
    "mov [r15 + {entry}], rax",
    "mov [r15 + {entry_sp}], r10",
    "pop rbp",
    "jmp trigo_morestack",
    // What reflect.MakeFunc and method values have as code; the closure says which.
    ".macro trigo_reflect_stub name, target",
    ".globl \"\\name\"",
    "\"\\name\":",
    "push rbp",
    "mov rbp, rsp",
    "sub rsp, 192",
    "cmp rsp, [r15 + {limit}]",
    "jb 3f",
    "mov [rsp], rdi", "mov [rsp + 8], rsi", "mov [rsp + 16], rdx", "mov [rsp + 24], rcx",
    "mov [rsp + 32], r8", "mov [rsp + 40], r9",
    "trigo_store_floats rsp",
    "mov [rsp + 112], rdi", "mov [rsp + 120], rsi", "mov [rsp + 128], rdx", "mov [rsp + 136], rcx",
    "mov [rsp + 144], r8", "mov [rsp + 152], r9",
    "mov qword ptr [rsp + 160], 0",
    "mov qword ptr [rsp + 168], 0",
    "mov rax, [r15 + {context}]",
    "mov [rsp + 176], rax",
    "mov rax, [r15 + {args}]",
    "mov [rsp + 184], rax",
    "2: mov rax, [rip + \\target]",
    "test rax, rax",
    "jz 4f",
    "mov rdi, [rsp + 176]",
    "mov rsi, [rsp + 184]",
    "lea rdx, [rsp + 168]",
    "mov rcx, rsp",
    "call rax",
    "mov rax, [rsp]", "mov rcx, [rsp + 8]", "mov rdx, [rsp + 16]", "mov rsi, [rsp + 24]",
    "mov rdi, [rsp + 32]", "mov r8, [rsp + 40]",
    "trigo_load_floats rsp",
    "leave",
    "ret",
    "3: lea rax, [rip + \"\\name\"]",
    "mov [r15 + {entry}], rax",
    "mov [r15 + {entry_sp}], rsp",
    "leave",
    "jmp trigo_morestack",
    "4: lea rdi, [rip + trigo_native_findreflect]",
    "mov rsi, rsp",
    "call trigo_native",
    "jmp 2b",
    ".endm",
    "trigo_reflect_stub reflect.makeFuncStub, {call_reflect}",
    "trigo_reflect_stub reflect.methodValueCall, {call_method}",
    limit = const worker::STACK_LIMIT,
    args = const worker::ARGS,
    context = const worker::CONTEXT,
    entry = const worker::ENTRY,
    entry_sp = const worker::ENTRY_SP,
    call_reflect = sym CALL_REFLECT,
    call_method = sym CALL_METHOD,
);

/// What `reflectcall` pushes after the call.
#[repr(C)]
struct Results {
    /// The caller's frame, an object of the heap or null.
    to: usize,
    /// The one on the stack.
    from: usize,
    size: usize,
    /// Where results begin.
    offset: usize,
    /// The `abi.RegArgs`.
    registers: usize,
}

/// Gives the results of a call to `reflect`: those in memory, and pointers in registers.
#[unsafe(no_mangle)]
extern "C" fn trigo_native_reflectresults(worker: &mut Worker, block: *mut u8) -> Outcome {
    // SAFETY: the assembly laid it out; all addresses are those of reflect's call.
    unsafe {
        let Results { to, from, size, offset, registers } = block.cast::<Results>().read();
        if size > offset {
            let (to, from, bytes) = (to + offset, from + offset, size - offset);
            worker.mutator.before_copy(to as *mut u8, from as *const u8, bytes & !7);
            for at in (0..bytes & !7).step_by(8) {
                ((to + at) as *mut usize).write_volatile(*((from + at) as *const usize));
            }
            let rest = bytes & 7;
            std::ptr::copy_nonoverlapping(
                (from + bytes - rest) as *const u8,
                (to + bytes - rest) as *mut u8,
                rest,
            );
        }
        let pointers = *((registers + RESULT_BITS) as *const u8);
        for i in (0..trigo_abi::INT_REGISTERS).filter(|i| pointers >> i & 1 != 0) {
            let value = *((registers + i * 8) as *const *mut u8);
            let slot = (registers + POINTERS + i * 8) as *mut *mut u8;
            worker.mutator.before_store(slot, value);
            slot.write_volatile(value);
        }
    }
    Outcome::Done
}

/// Looks for the Go functions that the stubs call.
#[unsafe(no_mangle)]
extern "C" fn trigo_native_findreflect(_worker: &mut Worker, _block: *mut u8) -> Outcome {
    let module = runtime().module;
    let strings = entries(&module.strings);
    let find = |name: &str| {
        let is_it = |at: usize, len: usize| strings.get(at..at + len) == Some(name.as_bytes());
        let func =
            entries(&module.funcs).iter().find(|f| is_it(f.name.at as usize, f.name.len as usize));
        func.map_or_else(
            || {
                crate::crash::fatal(
                    "runtime: the program makes functions by reflection, but lacks reflect's",
                )
            },
            |func| func.start as usize,
        )
    };
    CALL_REFLECT.store(find("reflect.callReflect"), Ordering::Relaxed);
    CALL_METHOD.store(find("reflect.callMethod"), Ordering::Relaxed);
    Outcome::Done
}

const _: () = assert!(POINTERS == 112 && RESULT_BITS == 160);
