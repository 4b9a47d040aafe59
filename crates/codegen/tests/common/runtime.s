# The least runtime that compiled code runs on: one goroutine, a heap that only grows. Prints the eight bytes that
# `runtime.main` returns. Offsets are those of trigo_abi::worker and trigo_abi::frame.
    .intel_syntax noprefix

    .equ MAIN, 0x2000000 + 2*8 + 8*16 + 2*8
    .equ STACK_LIMIT, 8
    .equ ENTRY, 48

    .bss
    .balign 4096
    .globl worker
worker: .space 4096
heap:   .space 1 << 20
stack2: .space 1 << 20
stack2_top:
counts: .space 64

    .data
next:   .quad heap
answer: .quad 0
old_sp: .quad 0

    .text
    .globl _start
_start:
    and rsp, -16
    lea r15, worker[rip]
    mov rax, MAIN
    call [rax]
    mov answer[rip], rax
    mov eax, 1
    mov edi, 1
    lea rsi, answer[rip]
    mov edx, 8
    syscall
    mov eax, 231
    xor edi, edi
    syscall

# The second stack is the only one that there is: the function runs there and returns here.
    .globl trigo_morestack
trigo_morestack:
    mov qword ptr [r15+STACK_LIMIT], 0
    pop rax
    mov old_sp[rip], rsp
    lea rsp, stack2_top[rip]
    and rsp, -16
    push rax
    push rax
    inc qword ptr counts[rip]
    call [r15+ENTRY]
    pop r11
    pop r11
    mov rsp, old_sp[rip]
    jmp r11

    .globl trigo_poll
trigo_poll:
    inc qword ptr counts[rip+8]
    ret

    .globl trigo_barrier
trigo_barrier:
    push rax
    mov rax, [rdi]
    mov counts[rip+32], rax
    mov counts[rip+40], rsi
    pop rax
    inc qword ptr counts[rip+16]
    ret

    .globl trigo_barrier_typed
trigo_barrier_typed:
    inc qword ptr counts[rip+24]
    ret

# A type's size is its descriptor's first word.
    .globl trigo_newobject
trigo_newobject:
    push rdi
    mov rdi, [rdi]
    jmp 1f
    .globl trigo_newarray
trigo_newarray:
    push rdi
    mov rdi, [rdi]
    imul rdi, rsi
1:  add rdi, 15
    and rdi, -16
    mov rax, next[rip]
    add next[rip], rdi
    pop rdi
    ret

    .globl trigo_enterdefer
trigo_enterdefer:
    mov rax, [rsp]
    mov [rdi], rax
    lea rax, [rsp+8]
    mov [rdi+8], rax
    mov [rdi+16], rbp
    mov [rdi+48], rbx
    mov [rdi+56], r12
    mov [rdi+64], r13
    mov [rdi+72], r14
    mov counts[rip+48], rdi
    xor eax, eax
    mov rcx, rdi
    ret

# Recovers in the frame that was entered last.
    .globl "native:runtime.panicdivide"
"native:runtime.panicdivide":
    mov rcx, counts[rip+48]
    mov rbx, [rcx+48]
    mov r12, [rcx+56]
    mov r13, [rcx+64]
    mov r14, [rcx+72]
    mov rbp, [rcx+16]
    mov rsp, [rcx+8]
    mov eax, 1
    jmp [rcx]

    .globl trigo_native
trigo_native:
    mov rax, rdi
    mov rdi, r15
    sub rsp, 8
    call rax
    add rsp, 8
    ret

    .globl trigo_divwide
trigo_divwide:
    mov rcx, rdx
    mov rdx, rdi
    mov rax, rsi
    div rcx
    ret

    .globl "native:runtime.memmove"
"native:runtime.memmove":
    mov rcx, rdx
    cmp rdi, rsi
    ja 1f
    rep movsb
    ret
1:  std
    lea rdi, [rdi+rcx-1]
    lea rsi, [rsi+rcx-1]
    rep movsb
    cld
    ret

    .globl "native:runtime.memclrNoHeapPointers"
"native:runtime.memclrNoHeapPointers":
    mov rcx, rsi
    xor eax, eax
    rep stosb
    ret

# func(a int, b int8, s string, c float64) (int, string): a + b + len(s), s
    .globl "native:main.native"
"native:main.native":
    movsx rax, byte ptr [rsi+8]
    add rax, [rsi]
    add rax, [rsi+24]
    mov [rsi+40], rax
    mov rax, [rsi+16]
    mov [rsi+48], rax
    mov rax, [rsi+24]
    mov [rsi+56], rax
    ret

# func(i int) int: the i-th count
    .globl "native:main.count"
"native:main.count":
    mov rax, [rsi]
    lea rcx, counts[rip]
    mov rax, [rcx+rax*8]
    mov [rsi+8], rax
    ret

# func(offset int, value int): sets a word of the worker
    .globl "native:main.worker"
"native:main.worker":
    mov rax, [rsi]
    mov rcx, [rsi+8]
    mov [rdi+rax], rcx
    ret

# Gives the image program headers to spare.
    .section .note.gnu.property, "a", @note
    .balign 8
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000002, 4, 3, 0
