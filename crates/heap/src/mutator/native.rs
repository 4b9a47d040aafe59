//! The thread's own stack: where it is now, with the registers saved on it.

use std::hint::black_box;

/// Saves the callee-saved registers in its frame and calls `f` with the address from which the stack, upwards, holds
/// every word that the callers of this function still need.
#[inline(never)]
pub(crate) fn with_spilled<R>(f: impl FnOnce(usize) -> R) -> R {
    let mut registers = [0usize; 6];
    // SAFETY: stores the six callee-saved registers of the System V ABI into an array of six words.
    #[cfg(not(miri))]
    unsafe {
        std::arch::asm!(
            "mov [{0}], rbx",
            "mov [{0} + 8], rbp",
            "mov [{0} + 16], r12",
            "mov [{0} + 24], r13",
            "mov [{0} + 32], r14",
            "mov [{0} + 40], r15",
            in(reg) registers.as_mut_ptr(),
            options(nostack, preserves_flags)
        );
    }
    let result = f(registers.as_ptr() as usize);
    black_box(&mut registers);
    result
}
