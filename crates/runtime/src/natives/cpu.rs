//! The processor.

use super::natives;
use crate::worker::Outcome;

/// Bit of ECX of leaf 1 that says there are AES instructions. The hash functions of internal/runtime/maps would use them by
/// assembly; without it they use their portable form. Other packages are compiled without assembly anyway.
const AES: u32 = 1 << 25;

natives! {
    "internal/cpu.cpuid" cpuid(_w, leaf: u32, subleaf: u32) -> (eax: u32, ebx: u32, ecx: u32, edx: u32) {
        let answer = std::arch::x86_64::__cpuid_count(leaf, subleaf);
        (*eax, *ebx, *edx) = (answer.eax, answer.ebx, answer.edx);
        *ecx = if leaf == 1 { answer.ecx & !AES } else { answer.ecx };
        Outcome::Done
    }

    "internal/cpu.xgetbv" xgetbv(_w) -> (eax: u32, edx: u32) {
        let (low, high): (u32, u32);
        // SAFETY: Go asks only if the processor has said that it has the instruction.
        unsafe { std::arch::asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack)) };
        (*eax, *edx) = (low, high);
        Outcome::Done
    }

    "internal/cpu.getGOAMD64level" level(_w) -> (level: i32) {
        *level = 1;
        Outcome::Done
    }

    /// Never called: see [`AES`].
    "internal/runtime/maps.memHashAES" mem_hash(_w, _p: usize, _h: usize, _s: usize) -> (_hash: usize) {
        crate::crash::fatal("runtime: a hash by AES instructions was asked for")
    }

    "internal/runtime/maps.memHash32AES" mem_hash32(_w, _k: u32, _h: usize) -> (_hash: usize) {
        crate::crash::fatal("runtime: a hash by AES instructions was asked for")
    }

    "internal/runtime/maps.memHash64AES" mem_hash64(_w, _k: u64, _h: usize) -> (_hash: usize) {
        crate::crash::fatal("runtime: a hash by AES instructions was asked for")
    }

    "internal/runtime/maps.checkMasksAndShiftsAlignment" check_masks(_w) -> (aligned: bool) {
        *aligned = true;
        Outcome::Done
    }
}
