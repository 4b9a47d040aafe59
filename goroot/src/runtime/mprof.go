package runtime

import (
	"internal/profilerecord"
	"internal/runtime/atomic"
	"unsafe"
)

// Profiles. That of goroutines is complete. Memory, blocking and contention are not sampled: their profiles are empty, as
// those of a program that has set their rates to zero.

// MemProfileRate controls the fraction of memory allocations that are recorded and reported in the memory profile.
var MemProfileRate int = 512 * 1024

// A StackRecord describes a single execution stack.
type StackRecord struct {
	Stack0 [32]uintptr // stack trace for this record; ends at first 0 entry
}

// Stack returns the stack trace associated with the record, a prefix of r.Stack0.
func (r *StackRecord) Stack() []uintptr { return upToZero(r.Stack0[:]) }

func upToZero(stk []uintptr) []uintptr {
	for i, v := range stk {
		if v == 0 {
			return stk[:i]
		}
	}
	return stk
}

// A MemProfileRecord describes the live objects allocated by a particular call sequence (stack trace).
type MemProfileRecord struct {
	AllocBytes, FreeBytes     int64       // number of bytes allocated, freed
	AllocObjects, FreeObjects int64       // number of objects allocated, freed
	Stack0                    [32]uintptr // stack trace for this record; ends at first 0 entry
}

// InUseBytes returns the number of bytes in use.
func (r *MemProfileRecord) InUseBytes() int64 { return r.AllocBytes - r.FreeBytes }

// InUseObjects returns the number of objects in use.
func (r *MemProfileRecord) InUseObjects() int64 { return r.AllocObjects - r.FreeObjects }

// Stack returns the stack trace associated with the record, a prefix of r.Stack0.
func (r *MemProfileRecord) Stack() []uintptr { return upToZero(r.Stack0[:]) }

// BlockProfileRecord describes blocking events originated at a particular call sequence (stack trace).
type BlockProfileRecord struct {
	Count  int64
	Cycles int64
	StackRecord
}

// MemProfile returns a profile of memory allocated and freed per allocation site.
func MemProfile(p []MemProfileRecord, inuseZero bool) (n int, ok bool) { return 0, true }

// BlockProfile returns n, the number of records in the current blocking profile.
func BlockProfile(p []BlockProfileRecord) (n int, ok bool) { return 0, true }

// MutexProfile returns n, the number of records in the current mutex profile.
func MutexProfile(p []BlockProfileRecord) (n int, ok bool) { return 0, true }

// ThreadCreateProfile returns n, the number of records in the thread creation profile.
func ThreadCreateProfile(p []StackRecord) (n int, ok bool) { return 0, true }

// SetBlockProfileRate controls the fraction of goroutine blocking events that are reported in the blocking profile.
func SetBlockProfileRate(rate int) {}

// SetMutexProfileFraction controls the fraction of mutex contention events that are reported in the mutex profile.
func SetMutexProfileFraction(rate int) int { return 0 }

// SetCPUProfileRate sets the CPU profiling rate to hz samples per second.
func SetCPUProfileRate(hz int) {
	if hz > 0 {
		print("runtime: there is no CPU profile in programs that Trigo compiled: use perf\n")
	}
}

// CPUProfile panics; it exists for compatibility.
func CPUProfile() []byte { panic("CPUProfile no longer available") }

// SetCgoTraceback does nothing: there is no cgo.
func SetCgoTraceback(version int, traceback, context, symbolizer unsafe.Pointer) {}

// goroutineProfile fills p with the stacks of all goroutines, or only those that are leaked, and labels with their labels.
// It returns how many there are; if that is more than there is room for, ok is false.
//
//go:noinline
func goroutineProfile(p []profilerecord.StackRecord, labels []unsafe.Pointer, leaked bool) (n int, ok bool) {
	me := unwind(getfp())
	pcs := make([]uintptr, maxProfStack)
	for _, gp := range allgs() {
		u := unwinder{gp: gp}
		if gp == getg() {
			u = me
		} else if status := gstatusNative(gp); status == gDead || status == gIdle || isSystemGoroutine(gp) {
			continue
		}
		if leaked && !gp.leaked {
			continue
		}
		if n < len(p) {
			count := u.callers(pcs, 0)
			if count == 0 {
				// It runs elsewhere: only where it began is known.
				pcs[0], count = gp.startpc+1, 1
			}
			p[n].Stack = append([]uintptr{}, pcs[:count]...)
			if labels != nil {
				labels[n] = gp.labels
			}
		}
		n++
	}
	return n, n <= len(p)
}

// maxProfStack is how many frames of a stack profiles have at most.
const maxProfStack = 128

// GoroutineProfile returns n, the number of active goroutine stacks. If len(p) >= n, GoroutineProfile copies the profile
// into p and returns n, true. If len(p) < n, GoroutineProfile does not change p and returns n, false.
func GoroutineProfile(p []StackRecord) (n int, ok bool) {
	records := make([]profilerecord.StackRecord, len(p))
	if n, ok = goroutineProfile(records, nil, false); !ok {
		return n, false
	}
	for i, r := range records[:n] {
		clear(p[i].Stack0[copy(p[i].Stack0[:], r.Stack):])
	}
	return n, true
}

//go:linkname pprof_goroutineProfileWithLabels
func pprof_goroutineProfileWithLabels(p []profilerecord.StackRecord, labels []unsafe.Pointer) (n int, ok bool) {
	return goroutineProfile(p, labels, false)
}

//go:linkname pprof_goroutineLeakProfileWithLabels
func pprof_goroutineLeakProfileWithLabels(p []profilerecord.StackRecord, labels []unsafe.Pointer) (n int, ok bool) {
	return goroutineProfile(p, labels, true)
}

// leakCount is the number of leaked goroutines, as the last leak cycle found.
var leakCount atomic.Int64

//go:linkname goroutineLeakGC runtime/pprof.runtime_goroutineLeakGC
func goroutineLeakGC() { leakCount.Store(int64(findLeaks())) }

//go:linkname goroutineLeakCount runtime/pprof.runtime_goroutineleakcount
func goroutineLeakCount() int { return int(leakCount.Load()) }

//go:linkname pprof_memProfileInternal
func pprof_memProfileInternal(p []profilerecord.MemProfileRecord, inuseZero bool) (n int, ok bool) {
	return 0, true
}

//go:linkname pprof_blockProfileInternal
func pprof_blockProfileInternal(p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	return 0, true
}

//go:linkname pprof_mutexProfileInternal
func pprof_mutexProfileInternal(p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	return 0, true
}

//go:linkname pprof_threadCreateInternal
func pprof_threadCreateInternal(p []profilerecord.StackRecord) (n int, ok bool) { return 0, true }

//go:linkname pprof_fpunwindExpand
func pprof_fpunwindExpand(dst, src []uintptr) int { return copy(dst, src) }

//go:linkname pprof_makeProfStack
func pprof_makeProfStack() []uintptr { return make([]uintptr, maxProfStack) }

//go:linkname pprof_cyclesPerSecond runtime/pprof.runtime_cyclesPerSecond
func pprof_cyclesPerSecond() int64 { return 1e9 }

//go:linkname runtime_setProfLabel runtime/pprof.runtime_setProfLabel
func runtime_setProfLabel(labels unsafe.Pointer) { getg().labels = labels }

//go:linkname runtime_getProfLabel runtime/pprof.runtime_getProfLabel
func runtime_getProfLabel() unsafe.Pointer { return getg().labels }
