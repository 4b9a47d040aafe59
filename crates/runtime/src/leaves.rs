//! Leaves: what compiled code calls like C functions on its own stack. See [`trigo_abi::LEAVES`].
//!
//! Those that touch memory for a caller keep a frame pointer and no other state, so that a fault in them is a fault of the
//! Go function that called them. Words are copied whole and pointers never torn: other threads may look.

use std::arch::global_asm;
use trigo_abi::worker;

global_asm!(
    ".text",
    ".globl trigo_leaves",
    "trigo_leaves:",
    // to rdi, from rsi, bytes rdx. `rep movsq` and `movups` both move aligned words whole.
    ".globl \"native:runtime.memmove\"",
    "\"native:runtime.memmove\":",
    "push rbp",
    "mov rbp, rsp",
    "mov rax, rdi",
    "sub rax, rsi",
    "cmp rax, rdx",
    "jb 4f",
    // Forwards.
    "cmp rdx, 256",
    "jae 3f",
    "2: sub rdx, 8",
    "jb 2f",
    "mov rcx, [rsi]",
    "mov [rdi], rcx",
    "add rsi, 8",
    "add rdi, 8",
    "jmp 2b",
    "2: add rdx, 8",
    "jz 9f",
    "2: mov cl, [rsi]",
    "mov [rdi], cl",
    "inc rsi",
    "inc rdi",
    "dec rdx",
    "jnz 2b",
    "jmp 9f",
    "3: mov rcx, rdx",
    "shr rcx, 3",
    "and rdx, 7",
    "rep movsq",
    "test rdx, rdx",
    "jnz 2b",
    "jmp 9f",
    // Backwards: the odd bytes at the end first, so that words of both are aligned alike.
    "4: lea rsi, [rsi + rdx]",
    "lea rdi, [rdi + rdx]",
    "5: test rdx, 7",
    "jz 6f",
    "dec rsi",
    "dec rdi",
    "mov cl, [rsi]",
    "mov [rdi], cl",
    "dec rdx",
    "jmp 5b",
    "6: test rdx, rdx",
    "jz 9f",
    "7: mov rcx, [rsi - 8]",
    "mov [rdi - 8], rcx",
    "sub rsi, 8",
    "sub rdi, 8",
    "sub rdx, 8",
    "jnz 7b",
    "9: pop rbp",
    "ret",
    // at rdi, bytes rsi
    ".globl \"native:runtime.memclrNoHeapPointers\"",
    "\"native:runtime.memclrNoHeapPointers\":",
    "push rbp",
    "mov rbp, rsp",
    "xor eax, eax",
    "mov rcx, rsi",
    "shr rcx, 3",
    "and esi, 7",
    "rep stosq",
    "mov ecx, esi",
    "rep stosb",
    "pop rbp",
    "ret",
    // x rdi, y rsi, bytes rdx
    ".globl \"native:runtime.memequal\"",
    "\"native:runtime.memequal\":",
    "push rbp",
    "mov rbp, rsp",
    "2: sub rdx, 8",
    "jb 3f",
    "mov rax, [rdi]",
    "cmp rax, [rsi]",
    "jne 8f",
    "add rdi, 8",
    "add rsi, 8",
    "jmp 2b",
    "3: add rdx, 8",
    "jz 7f",
    "4: mov al, [rdi]",
    "cmp al, [rsi]",
    "jne 8f",
    "inc rdi",
    "inc rsi",
    "dec rdx",
    "jnz 4b",
    "7: mov eax, 1",
    "pop rbp",
    "ret",
    "8: xor eax, eax",
    "pop rbp",
    "ret",
    ".globl \"native:runtime.barrierOn\"",
    "\"native:runtime.barrierOn\":",
    "xor eax, eax",
    "cmp dword ptr [r15 + {barrier}], 0",
    "setne al",
    "ret",
    ".globl \"native:runtime.getg\"",
    "\"native:runtime.getg\":",
    "mov rax, [r15 + {g}]",
    "ret",
    ".globl \"native:runtime.getfp\"",
    "\"native:runtime.getfp\":",
    "mov rax, rbp",
    "ret",
    ".globl \"native:runtime.procyield\"",
    "\"native:runtime.procyield\":",
    "2: pause",
    "dec edi",
    "jnz 2b",
    "ret",
    ".globl trigo_leaves_end",
    "trigo_leaves_end:",
    barrier = const worker::BARRIER,
    g = const worker::G,
);

/// Compares two byte strings: negative, zero or positive.
///
/// # Safety
/// 1. Both ranges are readable.
unsafe fn compare(a: *const u8, alen: usize, b: *const u8, blen: usize) -> i64 {
    // SAFETY: as the caller vouches; memcmp takes any pointers for a length of zero.
    let order = unsafe { libc::memcmp(a.cast(), b.cast(), alen.min(blen)) };
    match order {
        0 => (alen > blen) as i64 - (alen < blen) as i64,
        order => i64::from(order.signum()),
    }
}

/// A range of memory as bytes; empty for a length of zero, whatever the address.
///
/// # Safety
/// 1. The range is readable and does not change for the time of `'a`.
unsafe fn bytes<'a>(at: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: as the caller vouches.
    if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(at, len) } }
}

fn index_of(haystack: &[u8], needle: &[u8]) -> i64 {
    if needle.is_empty() {
        return 0;
    }
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|&b| b == needle[0]) {
        from += at;
        if haystack[from..].starts_with(needle) {
            return from as i64;
        }
        from += 1;
    }
    -1
}

fn count(bytes: &[u8], byte: u8) -> i64 {
    bytes.iter().filter(|&&b| b == byte).count() as i64
}

/// The first place of a byte; -1 if there is none.
///
/// # Safety
/// 1. The range is readable.
unsafe fn index_byte(at: *const u8, len: usize, byte: u8) -> i64 {
    if len == 0 {
        return -1;
    }
    // SAFETY: as the caller vouches.
    let found = unsafe { libc::memchr(at.cast(), i32::from(byte), len) };
    if found.is_null() { -1 } else { found as i64 - at as i64 }
}

macro_rules! leaves {
    ($($name:literal $ident:ident($($arg:ident: $ty:ty),*) -> $result:ty $body:block)*) => {$(
        #[unsafe(export_name = $name)]
        unsafe extern "C" fn $ident($($arg: $ty),*) -> $result {
            // SAFETY: compiled code passes the parts of strings and slices, which are readable.
            unsafe { $body }
        }
    )*};
}

leaves! {
    "native:runtime.cmpstring" cmpstring(a: *const u8, alen: usize, b: *const u8, blen: usize) -> i64 {
        compare(a, alen, b, blen)
    }
    "native:internal/bytealg.Compare"
    bytes_compare(a: *const u8, alen: usize, _acap: usize, b: *const u8, blen: usize, _bcap: usize) -> i64 {
        compare(a, alen, b, blen)
    }
    "native:internal/bytealg.Count" bytes_count(b: *const u8, len: usize, _cap: usize, c: u8) -> i64 {
        count(bytes(b, len), c)
    }
    "native:internal/bytealg.CountString" string_count(b: *const u8, len: usize, c: u8) -> i64 {
        count(bytes(b, len), c)
    }
    "native:internal/bytealg.Index"
    bytes_index(a: *const u8, alen: usize, _acap: usize, b: *const u8, blen: usize, _bcap: usize) -> i64 {
        index_of(bytes(a, alen), bytes(b, blen))
    }
    "native:internal/bytealg.IndexString"
    string_index(a: *const u8, alen: usize, b: *const u8, blen: usize) -> i64 {
        index_of(bytes(a, alen), bytes(b, blen))
    }
    "native:internal/bytealg.IndexByte" bytes_index_byte(b: *const u8, len: usize, _cap: usize, c: u8) -> i64 {
        index_byte(b, len, c)
    }
    "native:internal/bytealg.IndexByteString" string_index_byte(b: *const u8, len: usize, c: u8) -> i64 {
        index_byte(b, len, c)
    }
}
