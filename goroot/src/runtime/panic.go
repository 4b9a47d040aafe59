package runtime

import (
	"internal/runtime/atomic"
	"internal/runtime/exithook"
	"unsafe"
)

// Deferred calls, panics, recovery.
//
// Each function with defer statements has a _deferframe in its own frame; the goroutine links those that are active. A
// panic runs the deferred calls of all of them, on top of the stack that panicked. When one of them has recovered, the
// stack is cut back to the frame that deferred it, which runs its other deferred calls and returns.

// A _deferframe belongs to an active function with defer statements. EnterDefer writes it; see trigo_abi::frame.
type _deferframe struct {
	pc    uintptr
	sp    uintptr
	fp    uintptr
	link  *_deferframe
	calls *_defer
	flags uintptr
	saved [4]uintptr
}

// A _defer is a deferred call.
type _defer struct {
	fn   func()
	link *_defer
	// The calls deferred by the body of a range over a function, which belong here.
	rangefunc *deferList
}

// A deferList collects the calls that loop bodies of one range over a function defer.
type deferList struct {
	head *_defer
}

// A _panic is an active panic, or Goexit.
type _panic struct {
	arg        any
	link       *_panic
	fp         uintptr // frame of the function that runs the deferred calls
	frame      *_deferframe
	recovered  bool
	repanicked bool
	goexit     bool
}

// deferproc defers a call in the frame of its caller.
func deferproc(frame *_deferframe, fn func()) {
	frame.calls = &_defer{fn: fn, link: frame.calls}
}

// deferrangefunc makes a place in the frame of its caller for calls that are deferred by the body of a loop.
func deferrangefunc(frame *_deferframe) any {
	list := new(deferList)
	frame.calls = &_defer{rangefunc: list, link: frame.calls}
	return list
}

// deferprocat defers a call at such a place.
func deferprocat(fn func(), list any) {
	l := list.(*deferList)
	l.head = &_defer{fn: fn, link: l.head}
}

// next takes the call that was deferred last off the frame, and reports whether there was one. The function may be nil:
// calling it panics.
func (frame *_deferframe) next() (fn func(), ok bool) {
	for d := frame.calls; d != nil; d = frame.calls {
		if d.rangefunc == nil {
			frame.calls = d.link
			return d.fn, true
		}
		if inner := d.rangefunc.head; inner != nil {
			d.rangefunc.head = inner.link
			return inner.fn, true
		}
		frame.calls = d.link
	}
	return nil, false
}

// deferreturn runs the deferred calls of a function that returns.
func deferreturn(frame *_deferframe) {
	for {
		fn, ok := frame.next()
		if !ok {
			getg().deferframe = frame.link
			return
		}
		fn()
	}
}

// gopanic is panic(e).
func gopanic(e any) {
	if e == nil {
		if debug.panicnil {
			panicnil.IncNonDefault()
		} else {
			e = new(PanicNilError)
		}
	}
	gp := getg()
	if gp.locks != 0 {
		print("panic: ")
		printpanicval(e)
		print("\n")
		throw("panic holding locks")
	}
	p := _panic{arg: e, link: gp._panic}
	gp._panic = &p
	p.run(gp)
	preprintpanics(gp._panic)
	fatalpanic(gp._panic, getfp())
}

// Goexit ends the goroutine, after its deferred calls.
func Goexit() {
	gp := getg()
	p := _panic{goexit: true, link: gp._panic}
	gp._panic = &p
	p.run(gp)
	goexit1()
}

// run runs the deferred calls of all frames. It returns when there is none left; when a call has recovered it goes on in
// the frame that deferred it.
//
//go:noinline
func (p *_panic) run(gp *g) {
	p.fp = getfp()
	for frame := gp.deferframe; frame != nil; frame = gp.deferframe {
		fn, ok := frame.next()
		if !ok {
			gp.deferframe = frame.link
			continue
		}
		p.frame = frame
		fn()
		if p.recovered {
			p.unwind(gp)
		}
	}
}

// unwind ends the panic, and those older ones that began further in than the frame that it goes on in.
func (p *_panic) unwind(gp *g) {
	frame := p.frame
	gp._panic = p.link
	for q := gp._panic; q != nil && deeper(gp, q.fp, frame.fp); q = gp._panic {
		if q.goexit {
			// It goes on, with what is left to run.
			again := _panic{goexit: true, link: q.link}
			gp._panic = &again
			again.run(gp)
			goexit1()
		}
		gp._panic = q.link
	}
	gp.sig = 0
	recovery(frame)
}

// deeper reports whether the first of two frames of the goroutine was called, by whatever way, by the second.
func deeper(gp *g, inner, outer uintptr) bool {
	innerFirst := gp.stackLo <= inner && inner < gp.stackHi
	outerFirst := gp.stackLo <= outer && outer < gp.stackHi
	if innerFirst != outerFirst {
		return outerFirst
	}
	return inner < outer
}

// gorecover is recover(). fp is the frame of the function that calls it: that must be a deferred function that a panic
// calls, by itself or through wrappers. A wrapper that calls it stands for a deferred call of recover itself: as if the
// function called it that has the call deferred.
func gorecover(fp uintptr) any {
	if f := findfunc(callerpc(getfp()) - 1); f != nil && f.flags&funcWrapper != 0 {
		// Between the two is the frame of deferreturn, or of a panic's run: then recover is called too late.
		fp = callerfp(callerfp(fp))
	}
	gp := getg()
	p := gp._panic
	if p == nil || p.goexit || p.recovered || p.fp != callerThroughWrappers(fp) {
		return nil
	}
	p.recovered = true
	return p.arg
}

// callerThroughWrappers returns the frame of the function that called the one with frame fp.
func callerThroughWrappers(fp uintptr) uintptr {
	for {
		f := findfunc(callerpc(fp) - 1)
		fp = callerfp(fp)
		if fp == 0 || f != nil && f.flags&funcWrapper == 0 {
			return fp
		}
	}
}

// callerpc returns the return address of the function with frame fp, callerfp the frame of its caller.
func callerpc(fp uintptr) uintptr { return *(*uintptr)(unsafe.Pointer(fp + 8)) }
func callerfp(fp uintptr) uintptr { return *(*uintptr)(unsafe.Pointer(fp)) }

// goexit0 is what a goroutine calls when its function has returned.
func goexit0() { goexit1() }

func goexit1() {
	gp := getg()
	gp._panic, gp.deferframe, gp.labels = nil, nil, nil
	gp.param, gp.coroarg, gp.timer = nil, nil, nil
	if b := gp.bubble; b != nil {
		b.leave(gp)
	}
	goexitNative()
}

// sigpanic is what a fault in compiled code seems to call. The signal handler has described it in the g.
func sigpanic() {
	gp := getg()
	switch gp.sig {
	case sigBUS, sigSEGV:
		if gp.sigcode1 < 0x1000 {
			panicmem()
		}
		if gp.paniconfault || gp.sig == sigBUS && gp.sigcode0 == busAdrErr {
			panicmemAddr(gp.sigcode1)
		}
		print("unexpected fault address ")
		printhex(uint64(gp.sigcode1))
		print("\n")
		throw("fault")
	case sigFPE:
		switch gp.sigcode0 {
		case fpeIntDiv:
			panicdivide()
		case fpeIntOvf:
			panicoverflow()
		}
		panicfloat()
	}
	panic(errorString(signame(gp.sig)))
}

const (
	sigILL  = 4
	sigTRAP = 5
	sigABRT = 6
	sigBUS  = 7
	sigFPE  = 8
	sigSEGV = 11

	busAdrErr = 2
	fpeIntDiv = 1
	fpeIntOvf = 2
)

func signame(sig uint32) string {
	switch sig {
	case sigILL:
		return "SIGILL: illegal instruction"
	case sigTRAP:
		return "SIGTRAP: trace trap"
	case sigABRT:
		return "SIGABRT: abort"
	case sigBUS:
		return "SIGBUS: bus error"
	case sigFPE:
		return "SIGFPE: floating-point exception"
	case sigSEGV:
		return "SIGSEGV: segmentation violation"
	case 2:
		return "SIGINT: interrupt"
	case 3:
		return "SIGQUIT: quit"
	case 1:
		return "SIGHUP: terminal line hangup"
	case 13:
		return "SIGPIPE: write to broken pipe"
	case 15:
		return "SIGTERM: termination"
	}
	return "signal " + itoa(uint64(sig))
}

// preprintpanics turns the arguments of panics into what is printed of them, while methods can still be called.
func preprintpanics(p *_panic) {
	defer func() {
		const text = "panic while printing panic value"
		switch r := recover().(type) {
		case nil:
		case string:
			throw(text + ": " + r)
		default:
			throw(text + ": type " + typeString(efaceOf(&r)._type))
		}
	}()
	for ; p != nil; p = p.link {
		if p.link != nil && *efaceOf(&p.link.arg) == *efaceOf(&p.arg) {
			p.link.repanicked = true
			continue
		}
		switch v := p.arg.(type) {
		case error:
			p.arg = v.Error()
		case stringer:
			p.arg = v.String()
		}
	}
}

// printpanics prints the panics, the oldest first.
func printpanics(p *_panic) {
	if p.link != nil {
		printpanics(p.link)
		if p.link.repanicked {
			return
		}
		if !p.link.goexit {
			print("\t")
		}
	}
	if p.goexit {
		return
	}
	print("panic: ")
	printpanicval(p.arg)
	switch {
	case p.recovered && p.repanicked:
		print(" [recovered, repanicked]")
	case p.recovered:
		print(" [recovered]")
	}
	print("\n")
}

var dying atomic.Uint32

// startdying lets one goroutine alone end the program.
func startdying() {
	switch dying.Add(1) {
	case 1:
	case 2, 3:
		if getg().throwing {
			print("panic during panic\n")
			exitNative(4)
		}
		park()
	default:
		if getg().throwing {
			exitNative(5)
		}
		park()
	}
	getg().throwing = true
}

func park() {
	for {
		gopark(nil, waitReasonZero)
	}
}

// fatalpanic ends the program for a panic that nothing recovered, and that was raised in the frame fp.
func fatalpanic(p *_panic, fp uintptr) {
	startdying()
	printlock()
	printpanics(p)
	die(fp, false)
}

// throw ends the program for a fault of the runtime or one that it cannot go on after.
func throw(s string) {
	startdying()
	printlock()
	print("fatal error: ")
	printindented(s)
	print("\n")
	die(getfp(), true)
}

// fatal ends the program for a fault of the program, such as a concurrent map write.
func fatal(s string) {
	startdying()
	printlock()
	for p := getg()._panic; p != nil; p = p.link {
		if s, ok := p.arg.(string); ok && !p.goexit {
			print("panic: ")
			printindented(s)
			print("\n")
		}
	}
	print("fatal error: ")
	printindented(s)
	print("\n")
	die(getfp(), false)
}

// die prints where the goroutines are, from the frame fp on, and ends the program.
func die(fp uintptr, internal bool) {
	gp := getg()
	if gp.sig != 0 {
		print("[signal ", signame(gp.sig), " code=")
		printhex(uint64(gp.sigcode0))
		print(" addr=")
		printhex(uint64(gp.sigcode1))
		print(" pc=")
		printhex(uint64(gp.sigpc))
		print("]\n")
	}
	level, all, crash := tracebackLevel()
	if level > 0 {
		print("\n")
		printgoroutine(gp)
		printframes(unwind(fp), gp, level)
		if all || internal {
			printothers(gp, level, nil)
		} else if p := gp._panic; p != nil {
			if e, ok := p.arg.(synctestDeadlockError); ok {
				printothers(gp, level, e.bubble)
			}
		}
	}
	printflush()
	if crash {
		abortNative()
	}
	exitNative(2)
}

// deadlock is called by the Rust half, on a goroutine of its own, when nothing can run any more.
func deadlock() {
	if dying.Load() != 0 {
		park()
	}
	startdying()
	printlock()
	if NumGoroutine() == 0 {
		print("fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n")
	} else {
		print("fatal error: all goroutines are asleep - deadlock!\n")
	}
	if level, _, _ := tracebackLevel(); level > 0 {
		printothers(getg(), level, nil)
	}
	printflush()
	exitNative(2)
}

// stackoverflow is called by the Rust half, on the goroutine's last bytes of stack, at its limit.
func stackoverflow(limit, sp, lo, hi uintptr) {
	startdying()
	printlock()
	print("runtime: goroutine stack exceeds ", limit, "-byte limit\n")
	print("runtime: sp=")
	printhex(uint64(sp))
	print(" stack=[")
	printhex(uint64(lo))
	print(", ")
	printhex(uint64(hi))
	print("]\n")
	print("fatal error: stack overflow\n")
	die(getfp(), true)
}

func exit(code int32) {
	printflush()
	exitNative(code)
}

//go:linkname sync_throw sync.throw
func sync_throw(s string) { throw(s) }

//go:linkname sync_fatal sync.fatal
func sync_fatal(s string) { fatal(s) }

//go:linkname internal_sync_throw internal/sync.throw
func internal_sync_throw(s string) { throw(s) }

//go:linkname internal_sync_fatal internal/sync.fatal
func internal_sync_fatal(s string) { fatal(s) }

//go:linkname rand_fatal crypto/rand.fatal
func rand_fatal(s string) { fatal(s) }

//go:linkname sysrand_fatal crypto/internal/sysrand.fatal
func sysrand_fatal(s string) { fatal(s) }

//go:linkname fips_fatal crypto/internal/fips140.fatal
func fips_fatal(s string) { fatal(s) }

//go:linkname maps_fatal internal/runtime/maps.fatal
func maps_fatal(s string) { fatal(s) }

//go:linkname cgroup_throw internal/runtime/cgroup.throw
func cgroup_throw(s string) { throw(s) }

// runExitHooks runs what was registered to run at exit.
func runExitHooks(code int) {
	exithook.Gosched = Gosched
	exithook.Goid = func() uint64 { return getg().goid }
	exithook.Throw = throw
	exithook.Run(code)
}
