package runtime

import (
	"internal/cpu"
	"internal/runtime/maps"
	"unsafe"
)

// Goroutines, as far as Go code has to do with them. The scheduler is the Rust half's.

// main is where the program's first goroutine begins.
func main() {
	cpu.Initialize(gogetenv("GODEBUG"))
	randinit()
	maps.AlgInit()
	maps_errNilAssign = plainError("assignment to entry in nil map")
	setHooks(deadlock, stackoverflow)
	debuginit()
	itabsInit()
	// Initialisation happens on the process's first thread; if it wires itself to that, main.main runs there too.
	lockOSThreadNative(1)
	runInits()
	lockOSThreadNative(-1)
	main_main()
	runExitHooks(0)
	if dying.Load() != 0 {
		// Another goroutine panics, and ends the program.
		park()
	}
	exit(0)
}

// newproc starts a goroutine: go fn().
//
//go:noinline
func newproc(fn func()) {
	if fn == nil {
		fatal("go of nil func value")
	}
	readyNative(start(fn, callerpc(getfp())))
}

// start makes a goroutine, for a go statement at pc, that is to be made ready.
func start(fn func(), pc uintptr) *g {
	parent := getg()
	gp := newprocNative(*(**funcval)(unsafe.Pointer(&fn)), parent, pc)
	gp.labels = parent.labels
	gp.syncSafe = parent.syncSafe
	if b := parent.bubble; b != nil && !isSystemGoroutine(gp) {
		b.join(gp)
	}
	return gp
}

// Gosched yields the processor, allowing other goroutines to run.
func Gosched() { yieldNative() }

func goschedguarded() {
	if getg().locks == 0 {
		yieldNative()
	}
}

// NumGoroutine returns the number of goroutines that currently exist.
func NumGoroutine() int {
	count := 0
	for _, gp := range allgs() {
		if status := gstatusNative(gp); status != gDead && status != gIdle && !isSystemGoroutine(gp) {
			count++
		}
	}
	return count
}

// GOMAXPROCS sets the maximum number of CPUs that can be executing simultaneously and returns the previous setting. If n
// < 1, it does not change the current setting.
func GOMAXPROCS(n int) int { return gomaxprocsNative(n) }

// SetDefaultGOMAXPROCS updates the GOMAXPROCS setting to the runtime default, the number of processors.
func SetDefaultGOMAXPROCS() { gomaxprocsNative(ncpu()) }

// NumCPU returns the number of logical CPUs usable by the current process.
func NumCPU() int { return ncpu() }

// NumCgoCall returns the number of cgo calls made by the current process, which are none.
func NumCgoCall() int64 { return 0 }

// LockOSThread wires the calling goroutine to its current operating system thread: it runs there only, and nothing else
// does, until it has called UnlockOSThread as many times. If it ends before, so does the thread.
func LockOSThread() {
	startTemplateThread()
	lockOSThreadNative(1)
}

// UnlockOSThread undoes an earlier call to LockOSThread.
func UnlockOSThread() { lockOSThreadNative(-1) }

// Breakpoint executes a breakpoint trap.
func Breakpoint() { breakpoint() }

// KeepAlive marks its argument as currently reachable.
//
//go:noinline
func KeepAlive(x any) {}

//go:linkname internal_sync_runtime_canSpin internal/sync.runtime_canSpin
func internal_sync_runtime_canSpin(i int) bool { return i < 4 && ncpu() > 1 && GOMAXPROCS(0) > 1 }

//go:linkname internal_sync_runtime_doSpin internal/sync.runtime_doSpin
func internal_sync_runtime_doSpin() { procyield(30) }

//go:linkname internal_sync_nanotime internal/sync.runtime_nanotime
func internal_sync_nanotime() int64 { return nanotime() }

//go:linkname setMaxThreads runtime/debug.setMaxThreads
func setMaxThreads(in int) (out int) {
	out, maxThreads = maxThreads, in
	return
}

var maxThreads = 10000

//go:linkname setMaxStack runtime/debug.setMaxStack
func setMaxStack(in int) int { return setMaxStackNative(in) }

//go:linkname setPanicOnFault runtime/debug.setPanicOnFault
func setPanicOnFault(new bool) (old bool) {
	gp := getg()
	old, gp.paniconfault = gp.paniconfault, new
	return
}
