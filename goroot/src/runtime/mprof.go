package runtime

import (
	"internal/profilerecord"
	"internal/runtime/atomic"
	"unsafe"
)

// Profiles of memory and of goroutines. Allocations are sampled by the Rust half (crates/runtime/src/alloc_profile.rs).

// MemProfileRate controls the fraction of memory allocations that are recorded and reported in the memory profile: on
// average one for each MemProfileRate bytes. 1 records all, 0 none. Nothing is recorded in a program that never reads the
// profile.
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

// MemProfile returns a profile of memory allocated and freed per allocation site: n is the number of records. If len(p) >=
// n, it copies the profile into p and returns n, true. Otherwise it does not change p, and returns n, false. Sites all of
// whose objects were freed are included if inuseZero is true.
func MemProfile(p []MemProfileRecord, inuseZero bool) (n int, ok bool) {
	records := make([]profilerecord.MemProfileRecord, len(p))
	if n, ok = memProfile(records, inuseZero); !ok {
		return n, false
	}
	for i, r := range records[:n] {
		p[i] = MemProfileRecord{
			AllocBytes: r.AllocObjects * r.ObjectSize, FreeBytes: r.FreeObjects * r.ObjectSize,
			AllocObjects: r.AllocObjects, FreeObjects: r.FreeObjects,
		}
		copy(p[i].Stack0[:], r.Stack)
	}
	return n, true
}

var memProfileLock mutex

// memProfile is known to the linker: where nothing calls it, nothing is sampled.
func memProfile(p []profilerecord.MemProfileRecord, inuseZero bool) (n int, ok bool) {
	lock(&memProfileLock)
	for i := range memProfileRead() {
		if _, allocated, freed, _ := memProfileRecord(i, nil); inuseZero || allocated != freed {
			n++
		}
	}
	if n > len(p) {
		unlock(&memProfileLock)
		return n, false
	}
	var pcs [maxProfStack]uintptr
	at := 0
	for i := 0; at < n; i++ {
		if size, allocated, freed, frames := memProfileRecord(i, pcs[:]); inuseZero || allocated != freed {
			stack := append([]uintptr{}, pcs[:frames]...)
			p[at] = profilerecord.MemProfileRecord{ObjectSize: size, AllocObjects: allocated, FreeObjects: freed, Stack: stack}
			at++
		}
	}
	unlock(&memProfileLock)
	return n, true
}

// ThreadCreateProfile returns n, the number of records in the thread creation profile.
func ThreadCreateProfile(p []StackRecord) (n int, ok bool) { return 0, true }

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
	return memProfile(p, inuseZero)
}

//go:linkname pprof_threadCreateInternal
func pprof_threadCreateInternal(p []profilerecord.StackRecord) (n int, ok bool) { return 0, true }

//go:linkname pprof_fpunwindExpand
func pprof_fpunwindExpand(dst, src []uintptr) int { return copy(dst, src) }

//go:linkname pprof_makeProfStack
func pprof_makeProfStack() []uintptr { return make([]uintptr, maxProfStack) }

//go:linkname runtime_setProfLabel runtime/pprof.runtime_setProfLabel
func runtime_setProfLabel(labels unsafe.Pointer) { getg().labels = labels }

//go:linkname runtime_getProfLabel runtime/pprof.runtime_getProfLabel
func runtime_getProfLabel() unsafe.Pointer { return getg().labels }
