package runtime

import (
	"internal/coverage/rtcov"
	"internal/goarch"
	"internal/goos"
	"internal/runtime/atomic"
	"unsafe"
)

// The process: arguments, environment, settings, exit; and what packages os, syscall and runtime/debug ask of it.

// GOOS is the running program's operating system target.
const GOOS string = goos.GOOS

// GOARCH is the running program's architecture target.
const GOARCH string = goarch.GOARCH

// Compiler is the name of the compiler toolchain that built the running binary. Trigo compiles the standard library as
// gc does, and programs ask for that name to know what they may rely on.
const Compiler = "gc"

// Set by the linker.
var (
	buildVersion  string
	defaultGOROOT string
)

// Version returns the Go tree's version string.
func Version() string { return buildVersion }

// GOROOT returns the root of the Go tree.
func GOROOT() string {
	if s := gogetenv("GOROOT"); s != "" {
		return s
	}
	return defaultGOROOT
}

func strings(get func(i int) string) []string {
	var list []string
	for i := 0; ; i++ {
		s := get(i)
		if unsafe.StringData(s) == nil {
			return list
		}
		list = append(list, s)
	}
}

var envs []string

//go:linkname syscall_runtime_envs syscall.runtime_envs
func syscall_runtime_envs() []string {
	if envs == nil {
		envs = strings(envNative)
	}
	return append([]string{}, envs...)
}

//go:linkname os_runtime_args os.runtime_args
func os_runtime_args() []string { return strings(argsNative) }

func gogetenv(key string) string {
	if envs == nil {
		envs = strings(envNative)
	}
	for _, s := range envs {
		if len(s) > len(key) && s[len(key)] == '=' && s[:len(key)] == key {
			return s[len(key)+1:]
		}
	}
	return ""
}

//go:linkname syscall_runtimeSetenv syscall.runtimeSetenv
func syscall_runtimeSetenv(key, value string) {
	if key == "GODEBUG" {
		parseGODEBUG(value)
		godebugSet(value)
	}
}

//go:linkname syscall_runtimeUnsetenv syscall.runtimeUnsetenv
func syscall_runtimeUnsetenv(key string) {
	if key == "GODEBUG" {
		godebugSet("")
	}
}

//go:linkname syscall_runtimeClearenv syscall.runtimeClearenv
func syscall_runtimeClearenv(env map[string]int) { godebugSet("") }

//go:linkname syscall_Getpagesize syscall.Getpagesize
func syscall_Getpagesize() int { return 4096 }

//go:linkname syscall_Exit syscall.Exit
func syscall_Exit(code int) { exit(int32(code)) }

//go:linkname os_beforeExit os.runtime_beforeExit
func os_beforeExit(exitCode int) { runExitHooks(exitCode) }

//go:linkname getAuxv
func getAuxv() []uintptr {
	start, words := auxvNative()
	return unsafe.Slice((*uintptr)(start), words)
}

// Settings.

var debug struct {
	panicnil       bool
	traceback      int32
	tracebackAll   bool
	tracebackCrash bool
	asyncpreempt   bool
}

func debuginit() {
	setTraceback(gogetenv("GOTRACEBACK"))
	parseGODEBUG(godebugDefault)
	parseGODEBUG(gogetenv("GODEBUG"))
}

// godebugDefault is what the main package's go:debug lines and go version ask for; set by the linker.
var godebugDefault string

// parseGODEBUG takes those settings that the runtime's Go half knows; the Rust half reads others by itself.
func parseGODEBUG(s string) {
	for len(s) > 0 {
		field := s
		for i := range len(s) {
			if s[i] == ',' {
				field = s[:i]
				break
			}
		}
		s = s[min(len(s), len(field)+1):]
		if field == "panicnil=1" {
			debug.panicnil = true
		} else if field == "panicnil=0" {
			debug.panicnil = false
		}
	}
}

var (
	godebugUpdate           atomic.Pointer[func(string, string)]
	godebugNewIncNonDefault atomic.Pointer[func(string) func()]
)

//go:linkname godebug_setUpdate internal/godebug.setUpdate
func godebug_setUpdate(update func(string, string)) {
	godebugUpdate.Store(&update)
	godebugNotify()
}

// godebugEnv is what the program has set GODEBUG to; nil while it is as the process got it.
var godebugEnv atomic.Pointer[string]

func godebugSet(value string) {
	godebugEnv.Store(&value)
	godebugNotify()
}

func godebugNotify() {
	value := godebugEnv.Load()
	if value == nil {
		first := gogetenv("GODEBUG")
		value = &first
	}
	if update := godebugUpdate.Load(); update != nil {
		(*update)(godebugDefault, *value)
	}
}

//go:linkname godebug_setNewIncNonDefault internal/godebug.setNewIncNonDefault
func godebug_setNewIncNonDefault(newIncNonDefault func(string) func()) {
	godebugNewIncNonDefault.Store(&newIncNonDefault)
}

// A godebugInc counts how often a setting changed what the runtime did.
type godebugInc struct {
	name string
	inc  atomic.Pointer[func()]
}

var panicnil = &godebugInc{name: "panicnil"}

func (g *godebugInc) IncNonDefault() {
	inc := g.inc.Load()
	if inc == nil {
		make := godebugNewIncNonDefault.Load()
		if make == nil {
			return
		}
		f := (*make)(g.name)
		inc = &f
		g.inc.Store(inc)
	}
	(*inc)()
}

// write is internal/godebug's way to the standard error output.
//
//go:linkname write
func write(fd uintptr, p unsafe.Pointer, n int32) int32 { return writeNative(fd, p, n) }

//go:linkname debug_modinfo runtime/debug.modinfo
func debug_modinfo() string { return firstmodule().string(firstmodule().modinfo) }

// Calls of the system.

// entersyscall says that the calls of the system until exitsyscall may wait: others run in the goroutine's place meanwhile.
//
//go:linkname entersyscall
func entersyscall() { getg().insyscall = true }

//go:linkname exitsyscall
func exitsyscall() { getg().insyscall = false }

//go:linkname fcntl
func fcntl(fd, cmd, arg int32) (ret int32, errno int32) {
	r, _, e := rawSyscall6(72, uintptr(fd), uintptr(cmd), uintptr(arg), 0, 0, 0)
	if e != 0 {
		return -1, int32(e)
	}
	return int32(r), 0
}

//go:linkname vgetrandom
func vgetrandom(p []byte, flags uint32) (ret int, supported bool) { return -1, false }

//go:linkname syscall_runtime_doAllThreadsSyscall syscall.runtime_doAllThreadsSyscall
func syscall_runtime_doAllThreadsSyscall(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2, err uintptr) {
	return allThreadsSyscall(trap, a1, a2, a3, a4, a5, a6)
}

//go:linkname syscall_cgocaller syscall.cgocaller
func syscall_cgocaller(fn unsafe.Pointer, args ...uintptr) uintptr {
	throw("there is no cgo")
	return 0
}

//go:linkname syscall_runtime_BeforeFork syscall.runtime_BeforeFork
func syscall_runtime_BeforeFork() {
	getg().locks++
	beforeFork()
}

//go:linkname syscall_runtime_AfterFork syscall.runtime_AfterFork
func syscall_runtime_AfterFork() {
	afterFork(false)
	getg().locks--
}

//go:linkname syscall_runtime_AfterForkInChild syscall.runtime_AfterForkInChild
func syscall_runtime_AfterForkInChild() { afterFork(true) }

//go:linkname syscall_runtime_BeforeExec syscall.runtime_BeforeExec
func syscall_runtime_BeforeExec() { beforeExec() }

//go:linkname syscall_runtime_AfterExec syscall.runtime_AfterExec
func syscall_runtime_AfterExec() { afterExec() }

// Crypto's modes belong to goroutines.

//go:linkname fips_getIndicator crypto/internal/fips140.getIndicator
func fips_getIndicator() uint8 { return getg().fipsIndicator }

//go:linkname fips_setIndicator crypto/internal/fips140.setIndicator
func fips_setIndicator(indicator uint8) { getg().fipsIndicator = indicator }

//go:linkname fips140_setBypass crypto/fips140.setBypass
func fips140_setBypass() { getg().fipsOnly = true }

//go:linkname fips140_unsetBypass crypto/fips140.unsetBypass
func fips140_unsetBypass() { getg().fipsOnly = false }

//go:linkname fips140_isBypassed crypto/fips140.isBypassed
func fips140_isBypassed() bool { return getg().fipsOnly }

// Data independent timing is a mode of processors that amd64 has not.

//go:linkname dit_setEnabled crypto/subtle.setDITEnabled
func dit_setEnabled() bool { return false }

//go:linkname dit_setDisabled crypto/subtle.setDITDisabled
func dit_setDisabled() {}

// Nothing is compiled to count what is covered.
//
//go:linkname coverage_getCovCounterList internal/coverage/cfile.getCovCounterList
func coverage_getCovCounterList() []rtcov.CovCounterBlob { return nil }
