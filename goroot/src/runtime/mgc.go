package runtime

import (
	"internal/abi"
	"unsafe"
)

// The collector, as programs see it: statistics, finalizers, cleanups, weak pointers, pools. It is crates/heap.

// A MemStats records statistics about the memory allocator.
type MemStats struct {
	// Alloc is bytes of allocated heap objects: HeapAlloc.
	Alloc uint64
	// TotalAlloc is cumulative bytes allocated for heap objects.
	TotalAlloc uint64
	// Sys is the total bytes of memory obtained from the OS, the sum of the XSys fields below.
	Sys uint64
	// Lookups is always 0.
	Lookups uint64
	// Mallocs is the cumulative count of heap objects allocated.
	Mallocs uint64
	// Frees is the cumulative count of heap objects freed.
	Frees uint64

	// HeapAlloc is bytes of allocated heap objects, the unreachable ones that have not been freed included.
	HeapAlloc uint64
	// HeapSys is bytes of heap memory obtained from the OS.
	HeapSys uint64
	// HeapIdle is bytes in idle (unused) spans.
	HeapIdle uint64
	// HeapInuse is bytes in in-use spans.
	HeapInuse uint64
	// HeapReleased is bytes of physical memory returned to the OS.
	HeapReleased uint64
	// HeapObjects is the number of allocated heap objects.
	HeapObjects uint64

	// StackInuse is bytes in stacks.
	StackInuse uint64
	// StackSys is bytes of stack memory obtained from the OS.
	StackSys uint64

	MSpanInuse  uint64
	MSpanSys    uint64
	MCacheInuse uint64
	MCacheSys   uint64
	BuckHashSys uint64
	// GCSys is bytes of memory in garbage collection metadata.
	GCSys uint64
	// OtherSys is bytes of memory in miscellaneous off-heap runtime allocations.
	OtherSys uint64

	// NextGC is the target heap size of the next GC cycle.
	NextGC uint64
	// LastGC is the time the last garbage collection finished, as nanoseconds since 1970.
	LastGC uint64
	// PauseTotalNs is the cumulative nanoseconds that goroutines were held for the collector, each by itself. The world is
	// never stopped.
	PauseTotalNs uint64
	// PauseNs is a circular buffer of recent cycles' pauses; the most recent is at PauseNs[(NumGC+255)%256].
	PauseNs [256]uint64
	// PauseEnd is a circular buffer of their end times, as nanoseconds since 1970.
	PauseEnd [256]uint64
	// NumGC is the number of completed GC cycles.
	NumGC uint32
	// NumForcedGC is the number of GC cycles that were forced by the application calling the GC function.
	NumForcedGC uint32
	// GCCPUFraction is the fraction of this program's available CPU time used by the GC since the program started.
	GCCPUFraction float64
	// EnableGC indicates that GC is enabled. It is always true, even if GOGC=off.
	EnableGC bool
	// DebugGC is currently unused.
	DebugGC bool

	// BySize reports per-size class allocation statistics.
	BySize [61]struct {
		// Size is the maximum byte size of an object in this size class.
		Size uint32
		// Mallocs is the cumulative count of heap objects allocated in this size class.
		Mallocs uint64
		// Frees is the cumulative count of heap objects freed in this size class.
		Frees uint64
	}
}

// ReadMemStats populates m with memory allocator statistics.
func ReadMemStats(m *MemStats) {
	readMemStatsNative(m)
}

// GC runs a garbage collection and blocks the caller until the garbage collection is complete.
func GC() {
	poolcleanup()
	collect()
}

//go:linkname runtime_debug_freeOSMemory runtime/debug.freeOSMemory
func runtime_debug_freeOSMemory() {
	GC()
	freeOSMemoryNative()
}

//go:linkname setGCPercent runtime/debug.setGCPercent
func setGCPercent(in int32) (out int32) { return setGCPercentNative(in) }

//go:linkname setMemoryLimit runtime/debug.setMemoryLimit
func setMemoryLimit(in int64) (out int64) { return setMemoryLimitNative(in) }

//go:linkname readGCStats runtime/debug.readGCStats
func readGCStats(pauses *[]uint64) { readGCStatsNative(pauses) }

// Finalizers and cleanups run on one goroutine of the runtime's own.

// A lifetimeWork is what is to be done for an object that is dead.
type lifetimeWork struct {
	// A finalizer: a function value of any type, what it takes, and the size of its results.
	finalizer any
	argType   *_type
	// A cleanup, and its number.
	cleanup func()
	id      uint64
}

var lifetimeStarted uint32

func startLifetimeproc() {
	lock(&timers.lock)
	start := lifetimeStarted == 0
	lifetimeStarted = 1
	unlock(&timers.lock)
	if start {
		go lifetimeproc()
	}
}

func lifetimeproc() {
	var cycle uint32
	for {
		getg().waitreason = uint8(waitReasonFinalizerWait)
		object, work, now := nextLifetimeWork(cycle)
		getg().waitreason = 0
		if now != cycle {
			cycle = now
			poolcleanup()
		}
		if work == nil {
			continue
		}
		w := (*lifetimeWork)(work)
		if w.cleanup != nil {
			w.cleanup()
			forgetCleanup(w.id)
			continue
		}
		runFinalizer(w, object)
	}
}

// runFinalizer calls a finalizer. Its argument is the object, or that as an interface.
func runFinalizer(w *lifetimeWork, object unsafe.Pointer) {
	e := efaceOf(&w.finalizer)
	ft := (*functype)(unsafe.Pointer(e._type))
	want := ft.InSlice()[0]
	var frame [2]unsafe.Pointer
	switch {
	case want.Kind() != abi.Interface:
		frame[0] = object
	case len((*interfacetype)(unsafe.Pointer(want)).Methods) == 0:
		frame = [2]unsafe.Pointer{unsafe.Pointer(w.argType), object}
	default:
		frame = [2]unsafe.Pointer{unsafe.Pointer(assertE2I((*interfacetype)(unsafe.Pointer(want)), w.argType)), object}
	}
	// One pointer, or the two of an interface: they travel in registers, whatever the results do, which nobody wants.
	var regs abi.RegArgs
	regs.Ptrs[0], regs.Ptrs[1] = frame[0], frame[1]
	regs.Ints[0], regs.Ints[1] = uintptr(frame[0]), uintptr(frame[1])
	size := uintptr(0)
	for _, t := range ft.OutSlice() {
		size = alignUp(size, uintptr(t.Align_)) + t.Size_
	}
	size = alignUp(size, 8)
	results := unsafe.Pointer(nil)
	if size > 0 {
		results = mallocgc(size, nil, true)
	}
	reflectcall(nil, e.data, results, uint32(size), 0, uint32(size), &regs)
	KeepAlive(object)
}

func alignUp(n, a uintptr) uintptr { return (n + a - 1) &^ (a - 1) }

// SetFinalizer sets the finalizer associated with obj to the provided finalizer function.
func SetFinalizer(obj any, finalizer any) {
	e := efaceOf(&obj)
	if e._type == nil {
		throw("runtime.SetFinalizer: first argument is nil")
	}
	if e._type.Kind() != abi.Pointer {
		throw("runtime.SetFinalizer: first argument is " + typeString(e._type) + ", not pointer")
	}
	if e.data == nil {
		throw("nil elem type!")
	}
	ot := (*ptrtype)(unsafe.Pointer(e._type))
	base := findObject(e.data)
	if base == 0 {
		if ot.Elem.Size_ == 0 || firstmodule().holds(uintptr(e.data)) {
			// A variable of the program, which never dies.
			return
		}
		throw("runtime.SetFinalizer: pointer not in heap")
	}
	if uintptr(e.data) != base {
		// Objects without pointers may share a slot in Go; here the first byte is what counts.
		throw("runtime.SetFinalizer: pointer not at beginning of allocated block")
	}
	f := efaceOf(&finalizer)
	if f._type == nil {
		removeFinalizer(e.data)
		return
	}
	if f._type.Kind() != abi.Func {
		throw("runtime.SetFinalizer: second argument is " + typeString(f._type) + ", not a function")
	}
	ft := (*functype)(unsafe.Pointer(f._type))
	if ft.IsVariadic() {
		throw("runtime.SetFinalizer: cannot pass " + typeString(e._type) + " to finalizer " + typeString(f._type) + " because dotdotdot")
	}
	if ft.InCount != 1 || !finalizerTakes(ft.InSlice()[0], e._type) {
		throw("runtime.SetFinalizer: cannot pass " + typeString(e._type) + " to finalizer " + typeString(f._type))
	}
	startLifetimeproc()
	w := &lifetimeWork{finalizer: finalizer, argType: e._type}
	if !addFinalizer(e.data, unsafe.Pointer(w)) {
		throw("runtime.SetFinalizer: finalizer already set")
	}
	KeepAlive(obj)
}

func finalizerTakes(want, have *_type) bool {
	switch {
	case want == have:
		return true
	case want.Kind() == abi.Pointer:
		// Another pointer type to the same element, one of them without a name.
		return (want.Uncommon() == nil || have.Uncommon() == nil) &&
			(*ptrtype)(unsafe.Pointer(want)).Elem == (*ptrtype)(unsafe.Pointer(have)).Elem
	case want.Kind() == abi.Interface:
		inter := (*interfacetype)(unsafe.Pointer(want))
		return len(inter.Methods) == 0 || assertE2I2(inter, have) != nil
	}
	return false
}

// holds reports whether an address is in the program's own data.
func (m *module) holds(p uintptr) bool { return p < 1<<31 }

// Cleanup is a handle to a cleanup call for a specific object.
type Cleanup struct {
	id  uint64
	ptr uintptr
}

// AddCleanup attaches a cleanup function to ptr. Some time after ptr is no longer reachable, the runtime will call
// cleanup(arg) in a separate goroutine.
func AddCleanup[T, S any](ptr *T, cleanup func(S), arg S) Cleanup {
	if ptr == nil {
		panic(plainError("runtime.AddCleanup: ptr is nil"))
	}
	if p, ok := any(arg).(*T); ok && p == ptr {
		panic(plainError("runtime.AddCleanup: ptr is equal to arg, cleanup will never run"))
	}
	return addCleanup(unsafe.Pointer(ptr), func() { cleanup(arg) })
}

func addCleanup(ptr unsafe.Pointer, fn func()) Cleanup {
	base := findObject(ptr)
	if base == 0 {
		if firstmodule().holds(uintptr(ptr)) {
			return Cleanup{}
		}
		panic(plainError("runtime.AddCleanup: ptr not in allocated block"))
	}
	startLifetimeproc()
	w := &lifetimeWork{cleanup: fn}
	w.id = addCleanupNative(ptr, unsafe.Pointer(w))
	// It does not run before its number is known.
	KeepAlive(ptr)
	return Cleanup{w.id, uintptr(ptr)}
}

// Stop cancels the cleanup call.
func (c Cleanup) Stop() {
	if c.id != 0 {
		removeCleanup(unsafe.Pointer(c.ptr), c.id)
	}
}

// Weak pointers.

//go:linkname internal_weak_runtime_registerWeakPointer weak.runtime_registerWeakPointer
func internal_weak_runtime_registerWeakPointer(p unsafe.Pointer) unsafe.Pointer {
	if p == nil {
		return nil
	}
	return weakHandle(p)
}

//go:linkname internal_weak_runtime_makeStrongFromWeak weak.runtime_makeStrongFromWeak
func internal_weak_runtime_makeStrongFromWeak(handle unsafe.Pointer) unsafe.Pointer {
	if handle == nil {
		return nil
	}
	return weakGet(handle)
}

// A Pinner is a set of Go objects each pinned to a fixed location in memory. Objects do not move: all it does is to keep
// them.
type Pinner struct {
	pinned []any
}

// Pin pins a Go object, preventing it from being moved or freed until the Unpin method has been called.
func (p *Pinner) Pin(pointer any) { p.pinned = append(p.pinned, pointer) }

// Unpin unpins all pinned objects of the Pinner.
func (p *Pinner) Unpin() { p.pinned = nil }
