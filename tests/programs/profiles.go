// Profiles: each names the functions that it is about.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"time"
)

var kept [][]byte

//go:noinline
func allocate(n int) {
	for range n {
		kept = append(kept, make([]byte, 1024))
	}
}

//go:noinline
func forget(n int) {
	for range n {
		sink = make([]byte, 2048)
	}
}

var sink []byte

// stackHas reports whether a function is in a stack.
func stackHas(stack []uintptr, name string) bool {
	frames := runtime.CallersFrames(stack)
	for {
		frame, more := frames.Next()
		if frame.Function == name {
			return true
		}
		if !more {
			return false
		}
	}
}

// memory reports whether a function has allocated about so many objects as made says, and holds about so many: the first few may not be
// sampled yet when the rate has just been set, and stale words may keep some.
func memory(name string, made, want int64) (ok, holds bool) {
	var allocated, held int64
	runtime.GC()
	runtime.GC()
	n, _ := runtime.MemProfile(nil, true)
	records := make([]runtime.MemProfileRecord, n+50)
	n, ok = runtime.MemProfile(records, true)
	if !ok {
		panic("the profile grew")
	}
	for _, r := range records[:n] {
		if stackHas(r.Stack(), name) {
			allocated += r.AllocObjects
			held += r.InUseObjects()
		}
	}
	return made*9/10 <= allocated && allocated <= made+10, want*9/10 <= held && held <= want+4
}

func waits() {
	c := make(chan int)
	go func() {
		time.Sleep(20 * time.Millisecond)
		c <- 1
	}()
	<-c
}

func contend() {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				mu.Lock()
				time.Sleep(time.Millisecond)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// named reports whether the records of a profile name functions.
func named(profile func([]runtime.BlockProfileRecord) (int, bool), names ...string) bool {
	n, _ := profile(nil)
	records := make([]runtime.BlockProfileRecord, n+50)
	n, ok := profile(records)
	if !ok {
		panic("the profile grew")
	}
	for _, name := range names {
		found := false
		for _, r := range records[:n] {
			found = found || r.Count > 0 && r.Cycles > 0 && stackHas(r.Stack(), name)
		}
		if !found {
			return false
		}
	}
	return true
}

// used is the processor time that the process has had.
func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

//go:noinline
func burn(until time.Duration) (x uint64) {
	for used() < until {
		for i := range uint64(100000) {
			x = x*31 + i
		}
	}
	return x
}

// cpu makes a profile of processor time, which it returns without its compression.
func cpu() string {
	var buf bytes.Buffer
	if err := pprof.StartCPUProfile(&buf); err != nil {
		panic(err)
	}
	burn(used() + 300*time.Millisecond)
	pprof.StopCPUProfile()
	r, err := gzip.NewReader(&buf)
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// crashes runs this program again, which crashes with its output going to a file too.
func crashes() {
	if len(os.Args) > 1 {
		f, err := os.Create(os.Args[1])
		if err != nil {
			panic(err)
		}
		if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
			panic(err)
		}
		panic("as it was asked to")
	}
	dir, err := os.MkdirTemp("", "profiles")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	name := dir + "/crash"
	p, err := os.StartProcess(self, []string{self, name}, &os.ProcAttr{})
	if err != nil {
		panic(err)
	}
	state, err := p.Wait()
	if err != nil {
		panic(err)
	}
	text, err := os.ReadFile(name)
	fmt.Println(state.ExitCode(), err, strings.HasPrefix(string(text), "panic: as it was asked to"), strings.Contains(string(text), "main.crashes"))
}

func main() {
	runtime.MemProfileRate = 1
	crashes()
	allocate(100)
	forget(50)
	fmt.Println(memory("main.allocate", 100, 100))
	fmt.Println(memory("main.forget", 50, 1))
	runtime.MemProfileRate = 0

	runtime.SetBlockProfileRate(1)
	fmt.Println(runtime.SetMutexProfileFraction(1), runtime.SetMutexProfileFraction(-1))
	waits()
	contend()
	fmt.Println(named(runtime.BlockProfile, "main.waits", "main.contend"))
	fmt.Println(named(runtime.MutexProfile, "main.contend.func1"))
	runtime.SetBlockProfileRate(0)
	runtime.SetMutexProfileFraction(0)

	text := cpu()
	fmt.Println(strings.Contains(text, "main.burn"), strings.Contains(text, "nanoseconds"))
	// Another one, after the first was read to its end.
	fmt.Println(strings.Contains(cpu(), "main.burn"))
	for _, name := range []string{"heap", "allocs", "block", "mutex", "threadcreate", "goroutine"} {
		var buf bytes.Buffer
		err := pprof.Lookup(name).WriteTo(&buf, 1)
		fmt.Println(name, err, buf.Len() > 0)
	}
	runtime.KeepAlive(kept)
}
