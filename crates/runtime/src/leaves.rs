//! Leaves: what compiled code calls like C functions on its own stack. See [`trigo_abi::LEAVES`].
//!
//! Those that touch memory for a caller keep a frame pointer and no other state, so that a fault in them is a fault of the
//! Go function that called them. Words are copied whole and pointers never torn: other threads may look.

use crate::pins::Emptying;
use crate::sync::Ordering;
use crate::worker::current;
use std::arch::global_asm;
use trigo_abi::worker;

global_asm!(
    ".text",
    ".globl trigo_leaves",
    "trigo_leaves:",
    // to rdi, from rsi, bytes rdx. All of a small range is read before it is written, so that overlaps do not matter;
    // accesses that overlap at the end of a range of whole words are words apart. `rep movsq` and vectors move aligned
    // words whole.
    ".globl \"native:runtime.memmove\"",
    "\"native:runtime.memmove\":",
    "push rbp",
    "mov rbp, rsp",
    "cmp rdx, 16",
    "ja 4f",
    "cmp rdx, 8",
    "jae 3f",
    "cmp rdx, 4",
    "jae 2f",
    "test rdx, rdx",
    "je 9f",
    // One to three bytes: the first, the middle, the last.
    "mov r8, rdx",
    "shr r8, 1",
    "movzx eax, byte ptr [rsi]",
    "movzx ecx, byte ptr [rsi + r8]",
    "movzx esi, byte ptr [rsi + rdx - 1]",
    "mov [rdi], al",
    "mov [rdi + r8], cl",
    "mov [rdi + rdx - 1], sil",
    "jmp 9f",
    "2: mov eax, [rsi]",
    "mov ecx, [rsi + rdx - 4]",
    "mov [rdi], eax",
    "mov [rdi + rdx - 4], ecx",
    "jmp 9f",
    "3: mov rax, [rsi]",
    "mov rcx, [rsi + rdx - 8]",
    "mov [rdi], rax",
    "mov [rdi + rdx - 8], rcx",
    "jmp 9f",
    "4: cmp rdx, 32",
    "ja 2f",
    "vmovdqu xmm0, [rsi]",
    "vmovdqu xmm1, [rsi + rdx - 16]",
    "vmovdqu [rdi], xmm0",
    "vmovdqu [rdi + rdx - 16], xmm1",
    "jmp 9f",
    "2: cmp rdx, 64",
    "ja 2f",
    "vmovdqu ymm0, [rsi]",
    "vmovdqu ymm1, [rsi + rdx - 32]",
    "vmovdqu [rdi], ymm0",
    "vmovdqu [rdi + rdx - 32], ymm1",
    "jmp 8f",
    "2: cmp rdx, 128",
    "ja 2f",
    "vmovdqu ymm0, [rsi]",
    "vmovdqu ymm1, [rsi + 32]",
    "vmovdqu ymm2, [rsi + rdx - 64]",
    "vmovdqu ymm3, [rsi + rdx - 32]",
    "vmovdqu [rdi], ymm0",
    "vmovdqu [rdi + 32], ymm1",
    "vmovdqu [rdi + rdx - 64], ymm2",
    "vmovdqu [rdi + rdx - 32], ymm3",
    "jmp 8f",
    "2: mov rax, rdi",
    "sub rax, rsi",
    "cmp rax, rdx",
    "jb 5f",
    // Forwards. The end is read before anything is written over it, and written last.
    "cmp rdx, 2048",
    "jb 2f",
    // The processor's own way, unless the ranges overlap.
    "neg rax",
    "cmp rax, rdx",
    "jb 2f",
    "mov rax, [rsi + rdx - 8]",
    "lea r8, [rdi + rdx - 8]",
    "mov rcx, rdx",
    "shr rcx, 3",
    "rep movsq",
    "mov [r8], rax",
    "jmp 9f",
    "2: vmovdqu ymm4, [rsi + rdx - 128]",
    "vmovdqu ymm5, [rsi + rdx - 96]",
    "vmovdqu ymm6, [rsi + rdx - 64]",
    "vmovdqu ymm7, [rsi + rdx - 32]",
    "lea r8, [rdi + rdx - 128]",
    "sub rdx, 128",
    "3: vmovdqu ymm0, [rsi]",
    "vmovdqu ymm1, [rsi + 32]",
    "vmovdqu ymm2, [rsi + 64]",
    "vmovdqu ymm3, [rsi + 96]",
    "vmovdqu [rdi], ymm0",
    "vmovdqu [rdi + 32], ymm1",
    "vmovdqu [rdi + 64], ymm2",
    "vmovdqu [rdi + 96], ymm3",
    "add rsi, 128",
    "add rdi, 128",
    "sub rdx, 128",
    "ja 3b",
    "jmp 7f",
    // Backwards: the same from the other end.
    "5: vmovdqu ymm4, [rsi]",
    "vmovdqu ymm5, [rsi + 32]",
    "vmovdqu ymm6, [rsi + 64]",
    "vmovdqu ymm7, [rsi + 96]",
    "mov r8, rdi",
    "add rsi, rdx",
    "add rdi, rdx",
    "sub rdx, 128",
    "6: vmovdqu ymm0, [rsi - 128]",
    "vmovdqu ymm1, [rsi - 96]",
    "vmovdqu ymm2, [rsi - 64]",
    "vmovdqu ymm3, [rsi - 32]",
    "vmovdqu [rdi - 128], ymm0",
    "vmovdqu [rdi - 96], ymm1",
    "vmovdqu [rdi - 64], ymm2",
    "vmovdqu [rdi - 32], ymm3",
    "sub rsi, 128",
    "sub rdi, 128",
    "sub rdx, 128",
    "ja 6b",
    "7: vmovdqu [r8], ymm4",
    "vmovdqu [r8 + 32], ymm5",
    "vmovdqu [r8 + 64], ymm6",
    "vmovdqu [r8 + 96], ymm7",
    "8: vzeroupper",
    "9: pop rbp",
    "ret",
    // at rdi, bytes rsi
    ".globl \"native:runtime.memclrNoHeapPointers\"",
    "\"native:runtime.memclrNoHeapPointers\":",
    "push rbp",
    "mov rbp, rsp",
    "xor eax, eax",
    "vpxor xmm0, xmm0, xmm0",
    "cmp rsi, 16",
    "ja 4f",
    "cmp rsi, 8",
    "jae 3f",
    "cmp rsi, 4",
    "jae 2f",
    "test rsi, rsi",
    "je 9f",
    "mov rdx, rsi",
    "shr rdx, 1",
    "mov [rdi], al",
    "mov [rdi + rdx], al",
    "mov [rdi + rsi - 1], al",
    "jmp 9f",
    "2: mov [rdi], eax",
    "mov [rdi + rsi - 4], eax",
    "jmp 9f",
    "3: mov [rdi], rax",
    "mov [rdi + rsi - 8], rax",
    "jmp 9f",
    "4: cmp rsi, 32",
    "ja 2f",
    "vmovdqu [rdi], xmm0",
    "vmovdqu [rdi + rsi - 16], xmm0",
    "jmp 9f",
    "2: cmp rsi, 64",
    "ja 2f",
    "vmovdqu [rdi], ymm0",
    "vmovdqu [rdi + rsi - 32], ymm0",
    "jmp 9f",
    "2: cmp rsi, 2048",
    "jae 5f",
    "vmovdqu [rdi + rsi - 64], ymm0",
    "vmovdqu [rdi + rsi - 32], ymm0",
    "sub rsi, 64",
    "3: vmovdqu [rdi], ymm0",
    "vmovdqu [rdi + 32], ymm0",
    "add rdi, 64",
    "sub rsi, 64",
    "ja 3b",
    "jmp 9f",
    "5: mov [rdi + rsi - 8], rax",
    "mov rcx, rsi",
    "shr rcx, 3",
    "rep stosq",
    "9: pop rbp",
    "ret",
    // x rdi, y rsi, bytes rdx
    ".globl \"native:runtime.memequal\"",
    "\"native:runtime.memequal\":",
    "push rbp",
    "mov rbp, rsp",
    "cmp rdi, rsi",
    "je 8f",
    "cmp rdx, 16",
    "ja 4f",
    "cmp rdx, 8",
    "jae 3f",
    "cmp rdx, 4",
    "jae 2f",
    "test rdx, rdx",
    "je 8f",
    "mov r8, rdx",
    "shr r8, 1",
    "movzx eax, byte ptr [rdi]",
    "xor al, [rsi]",
    "movzx ecx, byte ptr [rdi + r8]",
    "xor cl, [rsi + r8]",
    "or al, cl",
    "movzx ecx, byte ptr [rdi + rdx - 1]",
    "xor cl, [rsi + rdx - 1]",
    "or al, cl",
    "jmp 7f",
    "2: mov eax, [rdi]",
    "xor eax, [rsi]",
    "mov ecx, [rdi + rdx - 4]",
    "xor ecx, [rsi + rdx - 4]",
    "or eax, ecx",
    "jmp 7f",
    "3: mov rax, [rdi]",
    "xor rax, [rsi]",
    "mov rcx, [rdi + rdx - 8]",
    "xor rcx, [rsi + rdx - 8]",
    "or rax, rcx",
    "jmp 7f",
    "4: cmp rdx, 32",
    "ja 5f",
    "vmovdqu xmm0, [rdi]",
    "vpxor xmm0, xmm0, [rsi]",
    "vmovdqu xmm1, [rdi + rdx - 16]",
    "vpxor xmm1, xmm1, [rsi + rdx - 16]",
    "vpor xmm0, xmm0, xmm1",
    "vptest xmm0, xmm0",
    "jmp 7f",
    // The end last, which overlaps what was compared before.
    "5: lea r8, [rdi + rdx - 32]",
    "lea r9, [rsi + rdx - 32]",
    "2: vmovdqu ymm0, [rdi]",
    "vpxor ymm0, ymm0, [rsi]",
    "vptest ymm0, ymm0",
    "jne 6f",
    "add rdi, 32",
    "add rsi, 32",
    "cmp rdi, r8",
    "jb 2b",
    "vmovdqu ymm0, [r8]",
    "vpxor ymm0, ymm0, [r9]",
    "vptest ymm0, ymm0",
    "6: vzeroupper",
    "7: sete al",
    "movzx eax, al",
    "pop rbp",
    "ret",
    "8: mov eax, 1",
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

/// The first place of one byte string in another; -1 if there is none.
fn index_of(haystack: &[u8], needle: &[u8]) -> i64 {
    if needle.is_empty() {
        return 0;
    }
    // SAFETY: both are slices.
    let found = unsafe {
        libc::memmem(haystack.as_ptr().cast(), haystack.len(), needle.as_ptr().cast(), needle.len())
    };
    if found.is_null() { -1 } else { found as i64 - haystack.as_ptr() as i64 }
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

/// Whether somebody empties pools.
pub(crate) static EMPTYING: Emptying = Emptying::new();

/// Pins the goroutine; the number of its processor, or -1 if pools are being emptied.
#[unsafe(export_name = "native:runtime.pin")]
extern "C" fn pin() -> isize {
    // SAFETY: the thread is a worker's, and no native, which alone changes it, runs meanwhile.
    let worker = unsafe { &*current() };
    let go = &mut worker.running().go;
    // Who is pinned already is waited for, and must not wait itself. Holders of the runtime's locks use no pools.
    if go.locks == 0 && !worker.public.pin.set(&EMPTYING) {
        return -1;
    }
    go.locks += 1;
    worker.public.id.load(Ordering::Relaxed) as isize
}

/// The opposite.
#[unsafe(export_name = "native:runtime.unpin")]
extern "C" fn unpin() {
    // SAFETY: as in `pin`.
    let worker = unsafe { &*current() };
    let go = &mut worker.running().go;
    go.locks -= 1;
    if go.locks == 0 {
        worker.public.pin.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::index_of;

    unsafe extern "C" {
        #[link_name = "native:runtime.memmove"]
        fn memmove(to: *mut u8, from: *const u8, bytes: usize);
        #[link_name = "native:runtime.memclrNoHeapPointers"]
        fn memclr(at: *mut u8, bytes: usize);
        #[link_name = "native:runtime.memequal"]
        fn memequal(x: *const u8, y: *const u8, bytes: usize) -> bool;
    }

    /// All small sizes, and some around those where another way begins.
    fn sizes() -> impl Iterator<Item = usize> {
        (0..600).chain([1000, 2040, 2047, 2048, 2049, 2055, 2056, 4096, 5003])
    }

    fn numbered(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at * 7 + at / 256) as u8).collect()
    }

    #[test]
    fn bytes_move_as_if_through_a_copy_however_ranges_overlap() {
        for size in sizes() {
            for distance in [0, 1, 7, 8, 9, 16, 31, 32, 40, 100, 128, 200, 3000, 6000] {
                for (from, to) in [(64, 64 + distance), (64 + distance, 64)] {
                    let mut memory = numbered(64 + distance + size + 64);
                    let mut expected = memory.clone();
                    expected.copy_within(from..from + size, to);
                    let at = memory.as_mut_ptr();
                    // SAFETY: both ranges are in the memory.
                    unsafe { memmove(at.add(to), at.add(from), size) };
                    assert!(memory == expected, "{size} bytes from {from} to {to}");
                }
            }
        }
    }

    #[test]
    fn what_is_cleared_is_zero_and_nothing_else() {
        for size in sizes() {
            for start in [0, 1, 3, 8, 17] {
                let mut memory = numbered(start + size + 64);
                let mut expected = memory.clone();
                expected[start..start + size].fill(0);
                // SAFETY: the range is in the memory.
                unsafe { memclr(memory.as_mut_ptr().add(start), size) };
                assert!(memory == expected, "{size} bytes from {start}");
            }
        }
    }

    #[test]
    fn ranges_are_equal_unless_a_byte_differs() {
        for size in sizes() {
            let x = [vec![1], numbered(size), vec![2]].concat();
            let mut y = [vec![3, 3], numbered(size), vec![4]].concat();
            // SAFETY: the ranges are in the memory.
            let equal = |y: &[u8]| unsafe { memequal(x[1..].as_ptr(), y[2..].as_ptr(), size) };
            assert!(equal(&y), "{size}");
            let step = if size < 300 { 1 } else { 61 };
            for at in (0..size).step_by(step).chain(size.checked_sub(1)) {
                y[2 + at] ^= 0x40;
                assert!(!equal(&y), "{at} of {size}");
                y[2 + at] ^= 0x40;
            }
            // SAFETY: as before.
            assert!(unsafe { memequal(x.as_ptr(), x.as_ptr(), size) });
        }
    }

    #[test]
    fn the_first_place_is_found() {
        for (text, part, place) in
            [("", "", 0), ("abc", "", 0), ("", "a", -1), ("abcabd", "abd", 3), ("ab", "abc", -1)]
        {
            assert_eq!(index_of(text.as_bytes(), part.as_bytes()), place, "{part} in {text}");
        }
    }
}
