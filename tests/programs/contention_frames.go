// The frames that profiles of blocking and of mutexes show: from the function of package sync or of the runtime that waits, also
// where locks are taken in functions that are inlined.
package main

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"
)

const long = 5 * time.Millisecond

var (
	mu sync.Mutex
	rw sync.RWMutex
)

func lockIt()   { mu.Lock() }
func unlockIt() { mu.Unlock() }

func inInlined() {
	lockIt()
	time.Sleep(long)
	unlockIt()
}

func direct() {
	mu.Lock()
	time.Sleep(long)
	mu.Unlock()
}

func deferred() {
	mu.Lock()
	defer mu.Unlock()
	time.Sleep(long)
}

func write() {
	rw.Lock()
	time.Sleep(long)
	rw.Unlock()
}

func read() {
	rw.RLock()
	time.Sleep(long)
	rw.RUnlock()
}

func receive(c chan int) int { return <-c }
func send(c chan int)        { c <- 1 }

func either(c, d chan int) {
	select {
	case <-c:
	case <-d:
	}
}

func later(f func()) { go func() { time.Sleep(long); f() }() }

func both(f, g func()) {
	var group sync.WaitGroup
	group.Go(f)
	group.Go(g)
	group.Wait()
}

func main() {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	for _, f := range []func(){inInlined, direct, deferred, write} {
		both(f, f)
	}
	both(func() { read() }, func() { time.Sleep(long / 5); write() })
	both(func() { write() }, func() { time.Sleep(long / 5); read() })
	c, d := make(chan int), make(chan int)
	later(func() { c <- 1 })
	receive(c)
	later(func() { <-c })
	send(c)
	later(func() { d <- 1 })
	either(c, d)
	cond := sync.NewCond(&mu)
	later(cond.Signal)
	mu.Lock()
	cond.Wait()
	mu.Unlock()
	time.Sleep(long)
	runtime.SetBlockProfileRate(0)
	runtime.SetMutexProfileFraction(0)
	for _, name := range []string{"block", "mutex"} {
		show(name)
	}
}

// show prints the stacks of a profile, by the names of functions up to the first three of this package.
func show(name string) {
	var text bytes.Buffer
	pprof.Lookup(name).WriteTo(&text, 1)
	var stacks []string
	for _, record := range strings.Split(text.String(), "\n\n") {
		var frames []string
		for line := range strings.Lines(record) {
			if fields := strings.Fields(line); len(fields) > 2 && fields[0] == "#" && len(frames) < 3 {
				function, _, _ := strings.Cut(fields[2], "+")
				frames = append(frames, function)
			}
		}
		if len(frames) > 1 {
			stacks = append(stacks, strings.Join(frames, " < "))
		}
	}
	slices.Sort(stacks)
	fmt.Println(name)
	for _, stack := range slices.Compact(stacks) {
		fmt.Println("\t" + stack)
	}
}
