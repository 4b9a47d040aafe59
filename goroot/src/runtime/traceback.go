package runtime

import _ "unsafe" // for go:linkname

// Tracebacks: where goroutines are, as text. They follow frame pointers, from stack segment to stack segment.

// tracebackLevel is what GOTRACEBACK says: how much, whether of all goroutines, and whether to crash in the end.
func tracebackLevel() (level int, all, crash bool) {
	return int(debug.traceback), debug.tracebackAll, debug.tracebackCrash
}

// debug_SetTraceback asks for a level: it gives no less than the environment does.
//
//go:linkname debug_SetTraceback runtime/debug.SetTraceback
func debug_SetTraceback(level string) {
	setTraceback(gogetenv("GOTRACEBACK"))
	environment, all, crash := debug.traceback, debug.tracebackAll, debug.tracebackCrash
	setTraceback(level)
	debug.traceback |= environment
	debug.tracebackAll = debug.tracebackAll || all
	debug.tracebackCrash = debug.tracebackCrash || crash
}

// setTraceback takes a value of GOTRACEBACK.
func setTraceback(level string) {
	debug.traceback, debug.tracebackAll, debug.tracebackCrash = 1, false, false
	switch level {
	case "none":
		debug.traceback = 0
	case "single", "":
	case "all":
		debug.tracebackAll = true
	case "system":
		debug.traceback, debug.tracebackAll = 2, true
	case "crash":
		debug.traceback, debug.tracebackAll, debug.tracebackCrash = 2, true, true
	default:
		debug.tracebackAll = true
		n := int32(0)
		for i := range len(level) {
			if level[i] < '0' || level[i] > '9' {
				n = 0
				break
			}
			n = n*10 + int32(level[i]-'0')
		}
		debug.traceback = n
	}
}

// States of goroutines, as the Rust half numbers them.
const (
	gIdle     = 0
	gRunnable = 1
	gRunning  = 2
	gSyscall  = 3
	gWaiting  = 4
	gDead     = 5
)

// An unwinder visits the frames of a goroutine, from the innermost on: by the return addresses into them.
type unwinder struct {
	// Of the goroutine that runs here: the next frame.
	pc, fp uintptr

	// Of another one: what the Rust half has read of its stack, a part at a time.
	gp  *g
	pcs [64]uintptr
	at  int
}

// unwind begins with the caller of the function whose frame is fp.
func unwind(fp uintptr) unwinder { return unwinder{pc: callerpc(fp), fp: callerfp(fp)} }

// next returns the next address; 0 if there is no frame more.
func (u *unwinder) next() (pc uintptr) {
	if u.gp == nil {
		pc = u.pc
		if u.fp == 0 {
			u.pc = 0
		} else {
			u.pc, u.fp = callerpc(u.fp), callerfp(u.fp)
		}
		return pc
	}
	i := u.at % len(u.pcs)
	if i == 0 {
		if _, n := gstackNative(u.gp, u.pcs[:], u.at); n-u.at < len(u.pcs) {
			u.pcs[max(n-u.at, 0)] = 0
		}
	}
	if pc = u.pcs[i]; pc != 0 {
		u.at++
	}
	return pc
}

// nextFunc is next for frames of functions that the program's tables know.
func (u *unwinder) nextFunc() (f *Func, pc uintptr) {
	for pc = u.next(); pc != 0; pc = u.next() {
		if f = findfunc(pc - 1); f != nil {
			return f, pc
		}
	}
	return nil, 0
}

// printgoroutine prints the head line of a goroutine.
func printgoroutine(gp *g) {
	status := gstatusNative(gp)
	state := "???"
	switch {
	case gp == getg() || status == gRunning:
		state = "running"
	case status == gRunnable:
		state = "runnable"
	case status == gSyscall:
		state = "syscall"
	case status == gWaiting:
		state = "waiting"
		if s := waitReason(gp.waitreason).String(); s != "" {
			state = s
		}
	}
	print("goroutine ", gp.goid, " [", state)
	if status == gWaiting && gp.leaked {
		print(" (leaked)")
	}
	if status == gWaiting && gp.idle {
		switch waitReason(gp.waitreason) {
		case waitReasonSynctestChanReceive, waitReasonSynctestChanSend, waitReasonSynctestSelect, waitReasonSynctestWaitGroupWait:
			// The reason says it.
		default:
			print(" (durable)")
		}
	}
	if gp.waitsince != 0 && status == gWaiting {
		if minutes := (nanotime() - gp.waitsince) / 60e9; minutes >= 1 {
			print(", ", minutes, " minutes")
		}
	}
	if gp.wired {
		print(", locked to thread")
	}
	if b := gp.bubble; b != nil {
		print(", synctest bubble ", b.id)
	}
	print("]:\n")
}

// Of a deep stack, so many frames are shown at either end.
const (
	tracebackInnerFrames = 50
	tracebackOuterFrames = 50
)

// printframes prints the frames of a goroutine, and who started it. By default that leaves the runtime's own frames out, but
// not if nothing remains.
func printframes(u unwinder, gp *g, level int) {
	if printsomeframes(u, level) == 0 {
		printsomeframes(u, 2)
	}
	printcreator(gp)
}

// printsomeframes prints the frames that the level shows, and returns how many those are.
func printsomeframes(u unwinder, level int) (n int) {
	// Where to go on when all have been counted, and after how many.
	var rest unwinder
	shown := shownFrames{level: level}
	for {
		f, pc := shown.next(&u)
		if f == nil {
			break
		}
		if n < tracebackInnerFrames {
			printframe(f, pc)
		}
		if n++; n == tracebackInnerFrames {
			rest = u
		}
	}
	elided := n - tracebackInnerFrames - tracebackOuterFrames
	if n <= tracebackInnerFrames {
		return n
	}
	if elided > 0 {
		print("...", elided, " frames elided...\n")
	}
	again := shownFrames{level: level, any: true}
	for f, pc := again.next(&rest); f != nil; f, pc = again.next(&rest) {
		if elided--; elided < 0 {
			printframe(f, pc)
		}
	}
	return n
}

// shownFrames picks the frames that a level shows.
type shownFrames struct {
	level int
	// Whether there was one yet, and the one before.
	any    bool
	callee *Func
}

func (s *shownFrames) next(u *unwinder) (f *Func, pc uintptr) {
	for {
		if f, pc = u.nextFunc(); f == nil {
			return nil, 0
		}
		callee := s.callee
		s.callee = f
		if showframe(f, callee, !s.any, s.level) {
			s.any = true
			return f, pc
		}
	}
}

// showframe reports whether a frame is shown: those of the runtime, and of wrappers, are only to who asks for them.
func showframe(f, callee *Func, first bool, level int) bool {
	if level > 1 {
		return true
	}
	if f.flags&funcWrapper != 0 && !keepsWrapper(callee) || f.flags&funcHidden != 0 {
		return false
	}
	name := f.Name()
	const prefix = "runtime."
	switch {
	case len(name) < len(prefix) || name[:len(prefix)] != prefix:
		return true
	case name == "runtime.gopanic":
		// The border between ordinary code and the calls that a panic makes.
		return !first
	}
	return isExported(name[len(prefix):])
}

// keepsWrapper reports whether a wrapper is shown because of what it called: it was its own doing.
func keepsWrapper(callee *Func) bool {
	if callee == nil {
		return false
	}
	switch callee.Name() {
	case "runtime.gopanic", "runtime.sigpanic", "runtime.panicwrap":
		return true
	}
	return false
}

// isExported reports whether the name of one of the runtime's functions, without the package, is the program's business.
func isExported(name string) bool {
	if len(name) > 2 && name[0] == '(' && name[1] == '*' {
		// A method's: its type and itself have to be exported.
		for i := range len(name) {
			if name[i] == ')' && i+2 < len(name) {
				return isUpper(name[2]) && isUpper(name[i+2])
			}
		}
	}
	return len(name) > 0 && isUpper(name[0])
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// printname prints the name of a function: type arguments are left out.
func printname(name string) {
	if name == "runtime.gopanic" {
		print("panic")
		return
	}
	print(name)
}

func printframe(f *Func, pc uintptr) {
	printname(f.Name())
	print("(")
	if f.flags&funcNoArgs == 0 {
		print("...")
	}
	print(")\n")
	printplace(f, pc)
}

// printplace prints the line and address of a call that returns to pc.
func printplace(f *Func, pc uintptr) {
	file, line := f.position(pc - 1)
	print("\t", file, ":", line, " +")
	printhex(uint64(pc - f.Entry()))
	print("\n")
}

func printcreator(gp *g) {
	f := findfunc(gp.gopc - 1)
	if f == nil || gp.goid == 1 || !showframe(f, nil, false, 1) {
		return
	}
	print("created by ")
	printname(f.Name())
	if gp.parentGoid != 0 {
		print(" in goroutine ", gp.parentGoid)
	}
	print("\n")
	printplace(f, gp.gopc)
}

// printothers prints all goroutines but one, or those of a bubble.
func printothers(me *g, level int, of *synctestBubble) {
	for _, gp := range allgs() {
		status := gstatusNative(gp)
		if gp == me || status == gDead || status == gIdle || isSystemGoroutine(gp) && level < 2 {
			continue
		}
		if of != nil && gp.bubble != of {
			continue
		}
		print("\n")
		printgoroutine(gp)
		if status == gRunning {
			print("\tgoroutine running on other thread; stack unavailable\n")
			printcreator(gp)
			continue
		}
		printframes(unwinder{gp: gp}, gp, level)
	}
}

// allgs returns all goroutines there have ever been; those that have ended are DEAD, or others by now.
func allgs() []*g {
	list := make([]*g, allgsNative(nil)+16)
	return list[:min(allgsNative(list), len(list))]
}

// isSystemGoroutine reports whether a goroutine is the runtime's own.
func isSystemGoroutine(gp *g) bool {
	f := findfunc(gp.startpc)
	if f == nil {
		return false
	}
	switch f.Name() {
	case "runtime.timerproc", "runtime.lifetimeproc", "runtime.deadlock":
		return true
	}
	return false
}

// Stack formats a stack trace of the calling goroutine into buf and returns the number of bytes written to buf. If all is
// true, Stack formats stack traces of all other goroutines into buf after the trace for the current goroutine.
//
//go:noinline
func Stack(buf []byte, all bool) int {
	fp := getfp()
	gp := getg()
	printlock()
	printflush()
	printing.to = buf[:0:len(buf)]
	printing.toMemory = true
	printgoroutine(gp)
	printframes(unwind(fp), gp, 1)
	if all {
		printothers(gp, 1, nil)
	}
	n := len(printing.to)
	printing.to, printing.toMemory = nil, false
	printunlock()
	return n
}
