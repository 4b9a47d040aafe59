//! Programs of hand-written assembly, in the convention of compiled code, on the real runtime. Each runs in a process of
//! its own: this program again, told by its first argument which one.

use std::arch::global_asm;
use std::marker::PhantomData;
use std::process::Command;
use trigo_abi::module::{Module, Table, Text};

global_asm!(
    ".text",
    ".globl test_text",
    "test_text:",
    // Prints a line and exits.
    ".globl test_hello",
    "test_hello:",
    "push rbp",
    "mov rbp, rsp",
    "lea rax, [rip + 3f]",
    "mov ecx, 6",
    "call test_write",
    "jmp test_exit",
    "3: .ascii \"hello\\n\"",
    // write(2, rax, rcx)
    "test_write:",
    "push rbp",
    "mov rbp, rsp",
    "sub rsp, 32",
    "mov qword ptr [rsp], 2",
    "mov [rsp + 8], rax",
    "mov [rsp + 16], ecx",
    "lea rdi, [rip + \"native:runtime.writeNative\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "leave",
    "ret",
    "test_exit:",
    "push rbp",
    "mov rbp, rsp",
    "sub rsp, 16",
    "mov dword ptr [rsp], 0",
    "lea rdi, [rip + \"native:runtime.exitNative\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "ud2",
    // Two goroutines that yield to each other: the second one prints, the first then exits.
    ".globl test_two",
    "test_two:",
    "push rbp",
    "mov rbp, rsp",
    "sub rsp, 32",
    "lea rax, [rip + test_second_closure]",
    "mov [rsp], rax",
    "mov rax, [r15]",
    "mov [rsp + 8], rax",
    "mov qword ptr [rsp + 16], 0",
    "lea rdi, [rip + \"native:runtime.newprocNative\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "mov rax, [rsp + 24]",
    "mov [rsp], rax",
    "lea rdi, [rip + \"native:runtime.readyNative\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "2: cmp dword ptr [rip + test_done], 0",
    "jne test_exit",
    "lea rdi, [rip + \"native:runtime.yieldNative\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "jmp 2b",
    "test_second:",
    "push rbp",
    "mov rbp, rsp",
    "lea rax, [rip + 3f]",
    "mov ecx, 7",
    "call test_write",
    "mov dword ptr [rip + test_done], 1",
    "pop rbp",
    "ret",
    "3: .ascii \"second\\n\"",
    // A goroutine forks, which takes long, while another one collects: no handshake is answered before the fork has ended.
    ".globl test_fork",
    "test_fork:",
    "push rbp",
    "mov rbp, rsp",
    "push rbx",
    "sub rsp, 40",
    "lea rax, [rip + test_collector_closure]",
    "mov [rsp], rax",
    "mov rax, [r15]",
    "mov [rsp + 8], rax",
    "mov qword ptr [rsp + 16], 0",
    "lea rdi, [rip + \"native:runtime.newprocNative\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "lea rdi, [rip + \"native:runtime.beforeFork\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "mov rax, [rsp + 24]",
    "mov [rsp], rax",
    "lea rdi, [rip + \"native:runtime.readyNative\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "mov ebx, 3000000",
    "2: call trigo_poll",
    "dec ebx",
    "jnz 2b",
    "lea rax, [rip + 3f]",
    "mov ecx, 7",
    "call test_write",
    "mov byte ptr [rsp], 0",
    "lea rdi, [rip + \"native:runtime.afterFork\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "4: cmp dword ptr [rip + test_done], 0",
    "jne test_exit",
    "call trigo_poll",
    "lea rdi, [rip + \"native:runtime.yieldNative\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "jmp 4b",
    "3: .ascii \"forked\\n\"",
    "test_collector:",
    "push rbp",
    "mov rbp, rsp",
    "lea rdi, [rip + \"native:runtime.collect\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "lea rax, [rip + 3f]",
    "mov ecx, 10",
    "call test_write",
    "mov dword ptr [rip + test_done], 1",
    "pop rbp",
    "ret",
    "3: .ascii \"collected\\n\"",
    // The end of a goroutine.
    ".globl test_goexit",
    "test_goexit:",
    "push rbp",
    "mov rbp, rsp",
    "lea rdi, [rip + \"native:runtime.goexitNative\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "ud2",
    // Recursion to a depth of 10,000, each frame of 1 KiB: more than a first segment holds.
    ".globl test_deep",
    "test_deep:",
    "push rbp",
    "mov rbp, rsp",
    "mov edi, 10000",
    "call test_recurse",
    "cmp rax, 10000",
    "jne 4f",
    "lea rax, [rip + 3f]",
    "mov ecx, 5",
    "call test_write",
    "jmp test_exit",
    "4: ud2",
    "3: .ascii \"deep\\n\"",
    "test_recurse:",
    "push rbp",
    "mov rbp, rsp",
    "sub rsp, 1024",
    "cmp rsp, [r15 + 8]",
    "jb 5f",
    "xor eax, eax",
    "test rdi, rdi",
    "jz 2f",
    "dec rdi",
    "call test_recurse",
    "inc rax",
    "2: leave",
    "ret",
    "5: lea rax, [rip + test_recurse]",
    "mov [r15 + 48], rax",
    "mov [r15 + 56], rsp",
    "leave",
    "jmp trigo_morestack",
    // A chain of objects of two words, each pointing to the one before, kept on the stack alone while others are garbage:
    // in the end it must be whole.
    ".globl test_collect",
    "test_collect:",
    "push rbp",
    "mov rbp, rsp",
    "push rbx",
    "push r12",
    "xor ebx, ebx",
    "mov r12d, 200000",
    "2: lea rdi, [rip + test_pair]",
    "call trigo_newobject",
    "cmp dword ptr [r15 + 144], 0",
    "je 3f",
    "mov rdi, rax",
    "mov rsi, rbx",
    "call trigo_barrier",
    "3: mov [rax], rbx",
    "mov [rax + 8], r12",
    "mov rbx, rax",
    "lea rdi, [rip + test_pair]",
    "call trigo_newobject",
    "dec r12",
    "jnz 2b",
    "lea rdi, [rip + \"native:runtime.collect\"]",
    "mov rsi, rsp",
    "call trigo_native",
    "xor ecx, ecx",
    "2: inc rcx",
    "cmp [rbx + 8], rcx",
    "jne 4f",
    "mov rbx, [rbx]",
    "test rbx, rbx",
    "jnz 2b",
    "cmp rcx, 200000",
    "jne 4f",
    "lea rax, [rip + 3f]",
    "mov ecx, 6",
    "call test_write",
    "jmp test_exit",
    "4: ud2",
    "3: .ascii \"whole\\n\"",
    // Recorded stores, enough to fill the barrier's buffer several times: it always has room for one more word.
    ".globl test_barrier",
    "test_barrier:",
    "push rbp",
    "mov rbp, rsp",
    "push 0",
    "push 10000",
    "2: lea rdi, [rbp - 8]",
    "xor esi, esi",
    "call trigo_barrier",
    "mov rax, [r15 + 152]",
    "cmp rax, [r15 + 160]",
    "jae 4f",
    "dec qword ptr [rbp - 16]",
    "jnz 2b",
    "lea rax, [rip + 3f]",
    "mov ecx, 5",
    "call test_write",
    "jmp test_exit",
    "4: ud2",
    "3: .ascii \"room\\n\"",
    // Loads from nil: comes to sigpanic.
    ".globl test_fault",
    "test_fault:",
    "push rbp",
    "mov rbp, rsp",
    "xor eax, eax",
    "mov rax, [rax + 16]",
    "ud2",
    ".globl test_sigpanic",
    "test_sigpanic:",
    "push rbp",
    "mov rbp, rsp",
    "lea rax, [rip + 3f]",
    "mov ecx, 6",
    "call test_write",
    "jmp test_exit",
    "3: .ascii \"panic\\n\"",
    ".globl test_text_end",
    "test_text_end:",
    ".data",
    ".balign 8",
    "test_second_closure: .quad test_second",
    "test_collector_closure: .quad test_collector",
    "test_done: .quad 0",
    "test_mask: .quad 1",
    // The descriptor of struct { *T; int }: size, pointer bytes, hash, flags, equality, mask, name.
    "test_pair: .quad 16, 8",
    ".long 0",
    ".byte 0, 8, 8, 25",
    ".quad 0, test_mask, 0",
    ".text",
);

unsafe extern "C" {
    static test_text: u8;
    static test_text_end: u8;
    static test_hello: u8;
    static test_two: u8;
    static test_fork: u8;
    static test_deep: u8;
    static test_collect: u8;
    static test_barrier: u8;
    static test_fault: u8;
    static test_sigpanic: u8;
    static test_goexit: u8;
}

fn module(main: *const u8) -> Module {
    Module {
        text: &raw const test_text as u64,
        text_end: &raw const test_text_end as u64,
        funcs: Table::EMPTY,
        lines: Table::EMPTY,
        files: Table::EMPTY,
        strings: Table::EMPTY,
        roots: Table { start: 8, len: 0, of: PhantomData },
        kinds: Table::EMPTY,
        itabs: Table::EMPTY,
        types: Table::EMPTY,
        constants: 0,
        constants_end: 0,
        main: main as u64,
        sigpanic: &raw const test_sigpanic as u64,
        goexit: &raw const test_goexit as u64,
        modinfo: Text::default(),
        mem_profile_rate: 0,
    }
}

/// The programs, and what they print.
fn programs() -> [(&'static str, *const u8, &'static str); 7] {
    [
        ("hello", &raw const test_hello, "hello\n"),
        ("two", &raw const test_two, "second\n"),
        ("fork", &raw const test_fork, "forked\ncollected\n"),
        ("deep", &raw const test_deep, "deep\n"),
        ("collect", &raw const test_collect, "whole\n"),
        ("barrier", &raw const test_barrier, "room\n"),
        ("fault", &raw const test_fault, "panic\n"),
    ]
}

fn main() {
    let wanted = std::env::args().nth(1);
    if let Some((_, main, _)) = programs().into_iter().find(|p| wanted.as_deref() == Some(p.0)) {
        let module = Box::leak(Box::new(module(main)));
        // SAFETY: the assembly keeps to the ABI; neither arguments nor environment are looked at.
        unsafe { trigo_runtime::trigo_start(0, 0, 0, module) }
    }
    let this = std::env::current_exe().expect("a path");
    let settings = [("", ""), ("GOGC", "5"), ("TRIGO_GC", "torture=1000,verify,poison")];
    let count = programs().len();
    for (name, _, prints) in programs() {
        for (variable, value) in settings {
            let mut command = Command::new(&this);
            command.arg(name);
            if !variable.is_empty() {
                command.env(variable, value);
            }
            let output = command.output().expect("it runs");
            let printed = String::from_utf8_lossy(&output.stderr);
            let status = output.status;
            assert!(status.success(), "{name} with {variable}={value}: {status}\n{printed}");
            assert_eq!(printed, prints, "{name} with {variable}={value}");
        }
        println!("{name} ... ok");
    }
    // The first that fails ends the process.
    println!("test result: ok. {count} passed; 0 failed");
}
