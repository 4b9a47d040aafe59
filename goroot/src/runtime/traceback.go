package runtime

import _ "unsafe" // for go:linkname

// Tracebacks: where goroutines are, as text. They follow frame pointers, from stack segment to stack segment.

// tracebackLevel is what GOTRACEBACK says: how much, whether of all goroutines, and whether to crash in the end.
func tracebackLevel() (level int, all, crash bool) {
	return int(debug.traceback), debug.tracebackAll, debug.tracebackCrash
}

// setTraceback takes a value of GOTRACEBACK.
//
//go:linkname setTraceback runtime/debug.SetTraceback
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

// printgoroutine prints the head line of a goroutine.
func printgoroutine(gp *g) {
	status, _, _ := gstateNative(gp)
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
	if gp.waitsince != 0 && status == gWaiting {
		if minutes := (nanotime() - gp.waitsince) / 60e9; minutes >= 1 {
			print(", ", minutes, " minutes")
		}
	}
	print("]:\n")
}

const tracebackFrames = 100

// printframes prints the frames of a goroutine from a return address and frame on, and who started it.
func printframes(pc, fp uintptr, level int) {
	n, skipped := 0, 0
	for {
		f := findfunc(pc - 1)
		switch {
		case f == nil || !showframe(f, level):
		case n < tracebackFrames:
			printframe(f, pc)
			n++
		default:
			skipped++
		}
		if fp == 0 {
			break
		}
		pc, fp = callerpc(fp), callerfp(fp)
	}
	if skipped > 0 {
		print("...", skipped, " frames elided...\n")
	}
}

// showframe reports whether a frame is shown: those of the runtime are only to who asks for them.
func showframe(f *Func, level int) bool {
	if f.flags&funcWrapper != 0 {
		return false
	}
	if level > 1 {
		return true
	}
	name := f.Name()
	const prefix = "runtime."
	if len(name) < len(prefix) || name[:len(prefix)] != prefix {
		return true
	}
	// Exported functions are the program's business.
	c := name[len(prefix)]
	return 'A' <= c && c <= 'Z' || name == "runtime.gopanic"
}

func printframe(f *Func, pc uintptr) {
	name := f.Name()
	if name == "runtime.gopanic" {
		name = "panic"
	}
	file, line := f.position(pc - 1)
	print(name, "(")
	if f.flags&funcNoArgs == 0 {
		print("...")
	}
	print(")\n\t", file, ":", line, " +")
	printhex(uint64(pc - f.Entry()))
	print("\n")
}

func printcreator(gp *g) {
	f := findfunc(gp.gopc - 1)
	if f == nil || gp.goid == 1 || !showframe(f, 1) {
		return
	}
	file, line := f.position(gp.gopc - 1)
	print("created by ", f.Name())
	if gp.parentGoid != 0 {
		print(" in goroutine ", gp.parentGoid)
	}
	print("\n\t", file, ":", line, " +")
	printhex(uint64(gp.gopc - f.Entry()))
	print("\n")
}

// printothers prints all goroutines but one.
func printothers(me *g, level int) {
	n := allgsNative(nil)
	list := make([]*g, n+16)
	n = allgsNative(list)
	for _, gp := range list[:min(n, len(list))] {
		status, pc, fp := gstateNative(gp)
		if gp == me || status == gDead || status == gIdle || isSystemGoroutine(gp) && level < 2 {
			continue
		}
		print("\n")
		printgoroutine(gp)
		if status == gRunning {
			print("\tgoroutine running on other thread; stack unavailable\n")
		} else {
			printframes(pc, fp, level)
		}
		printcreator(gp)
	}
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
	printframes(callerpc(fp), callerfp(fp), 1)
	printcreator(gp)
	if all {
		printothers(gp, 1)
	}
	n := len(printing.to)
	printing.to, printing.toMemory = nil, false
	printunlock()
	return n
}

const funcNoArgs = 2
