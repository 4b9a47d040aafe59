package runtime

import _ "unsafe" // for linkname

// What golang.org/x/sys has in assembly that does more than jump elsewhere: packages outside of the standard library, on
// which much else depends.

//go:linkname unix_SyscallNoError golang.org/x/sys/unix.SyscallNoError
func unix_SyscallNoError(trap, a1, a2, a3 uintptr) (r1, r2 uintptr) {
	entersyscall()
	r1, r2, _ = rawSyscall6(trap, a1, a2, a3, 0, 0, 0)
	exitsyscall()
	return
}

//go:linkname unix_RawSyscallNoError golang.org/x/sys/unix.RawSyscallNoError
func unix_RawSyscallNoError(trap, a1, a2, a3 uintptr) (r1, r2 uintptr) {
	r1, r2, _ = rawSyscall6(trap, a1, a2, a3, 0, 0, 0)
	return
}

//go:linkname xcpu_cpuid golang.org/x/sys/cpu.cpuid
func xcpu_cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32) { return cpuid(leaf, subleaf) }

//go:linkname xcpu_xgetbv golang.org/x/sys/cpu.xgetbv
func xcpu_xgetbv() (eax, edx uint32) { return xgetbv() }

//go:linkname cpuid internal/cpu.cpuid
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

//go:linkname xgetbv internal/cpu.xgetbv
func xgetbv() (eax, edx uint32)
