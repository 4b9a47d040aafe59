package runtime

import (
	"internal/abi"
	"unsafe"
)

// Leaves: called like C functions on the goroutine's own stack. See trigo_abi::LEAVES.

// memmove copies n bytes; the ranges may overlap. Words are copied whole.
//
//go:noescape
func memmove(to, from unsafe.Pointer, n uintptr)

// memclrNoHeapPointers clears n bytes without telling the collector.
//
//go:noescape
func memclrNoHeapPointers(ptr unsafe.Pointer, n uintptr)

// memequal compares size bytes.
//
//go:noescape
func memequal(x, y unsafe.Pointer, size uintptr) bool

// barrierOn reports whether a cycle marks, so that stores of pointers have to be recorded.
func barrierOn() bool

// getg returns the running goroutine.
func getg() *g

// getfp returns the frame pointer of its caller.
func getfp() uintptr

// procyield waits for some cycles of the processor.
func procyield(cycles uint32)

//go:noescape
func cmpstring(a, b string) int

// Natives: run on the worker's system stack. See trigo_abi's page.

// Memory.
func mallocNative(size uintptr, typ *_type, needzero bool) unsafe.Pointer
func newarrayNative(typ *_type, n int) unsafe.Pointer
func persistentAlloc(size uintptr) unsafe.Pointer
func roundupsize(size uintptr, noscan bool) uintptr
func bulkBarrier(dst, src, size uintptr, typ *_type)
func bulkBarrierRange(dst, src, size uintptr)
func recordStore(slot *unsafe.Pointer, new unsafe.Pointer)
func collect()
func freeOSMemoryNative()
func setGCPercentNative(percent int32) int32
func setMemoryLimitNative(limit int64) int64
func readMemStatsNative(m *MemStats)
func readGCStatsNative(pauses *[]uint64)
func readMetricsNative(metrics []readMetric, counts []uint64, bounds []float64) int
func addFinalizer(object unsafe.Pointer, fn unsafe.Pointer) bool
func removeFinalizer(object unsafe.Pointer) bool
func addCleanupNative(object unsafe.Pointer, fn unsafe.Pointer) uint64
func removeCleanup(object unsafe.Pointer, id uint64)
func forgetCleanup(id uint64)
func nextLifetimeWork(cycle uint32) (object, work unsafe.Pointer, now uint32)
func findObject(p unsafe.Pointer) (base uintptr)
func setHooks(deadlock func(), overflow func(limit, sp, lo, hi uintptr))
func weakHandle(p unsafe.Pointer) unsafe.Pointer
func weakGet(handle unsafe.Pointer) unsafe.Pointer

// Goroutines.
func newprocNative(fn *funcval, parent *g, pc uintptr) *g
func goexitNative()
func parkNative()
func readyNative(gp *g)
func wakeNative(gp *g)
func yieldNative()
func parkUntil(when int64)
func lockSlow(l *mutex)
func unlockSlow(l *mutex)
func gomaxprocsNative(n int) int
func ncpu() int
func pin() int
func unpin()
func beginEmptying() bool
func endEmptying()
func anyPinned() bool
func allgsNative(buf []*g) int
func lockOSThreadNative(delta int)
func startTemplateThread()
func setMaxStackNative(n int) int
func recovery(frame *_deferframe)

// A call of the system.
func rawSyscall6(num, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2, errno uintptr)

// The same on all threads of the process.
func allThreadsSyscall(num, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2, errno uintptr)

// Files to wait for.
func netpollOpen(fd uintptr) (pd uintptr, errno int)
func netpollClose(pd uintptr)
func netpollWait(pd uintptr, mode int) int
func netpollReset(pd uintptr, mode int) int
func netpollDeadline(pd uintptr, when int64, mode int)
func netpollUnblock(pd uintptr)
func netpollIsServer(fd uintptr) bool

// Time, process.
func nanotime() int64
func walltime() (sec int64, nsec int32)
func cputicks() int64
func usleep(usec uint32)
func writeNative(fd uintptr, p unsafe.Pointer, n int32) int32
func exitNative(code int32)
func abortNative()
func argsNative(i int) string
func envNative(i int) string
func auxvNative() (start unsafe.Pointer, words int)
func randomNative(p unsafe.Pointer, n uintptr)

// Tables.
func moduleNative() *module
func gstatusNative(gp *g) (status uint32)
func gstackNative(gp *g, pcs []uintptr, skip int) (status uint32, n int)
func findLeaks() int

// Profiles and dumps.
func writeHeapObjects(fd uintptr)
func setCPUProfileRateNative(hz int, idle uintptr)
func nextCPUSample(pcs []uintptr) (n int, labels unsafe.Pointer, lost int)
func memProfileRead() int
func memProfileRecord(i int, pcs []uintptr) (size, allocated, freed int64, n int)

// Signals for os/signal.
func signalEnable(sig uint32)
func signalDisable(sig uint32)
func signalIgnore(sig uint32)
func signalIgnored(sig uint32) bool
func signalRecv() uint32
func signalWaitIdle()
func raiseSigpipe()
func breakpoint()
func beforeFork()
func afterFork(child bool)
func beforeExec()
func afterExec()

// Made by the compiler: the initialisers of all packages, this one's first, in order.
func runInits()

//go:linkname main_main main.main
func main_main()

// Assembly in the compiled convention.

// callfn calls a function value without arguments; for goroutines and tests of the stack.
func reflectcall(stackArgsType *_type, fn, stackArgs unsafe.Pointer, stackArgsSize, stackRetOffset, frameSize uint32, regArgs *abi.RegArgs)
