// Weak pointers and cleanups: they compare as the objects do, and leave nothing behind.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"weak"
)

type object struct {
	next *object
	name string
}

// resident returns the memory that the process has, in MiB, without what is free.
func resident() int {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		panic(err)
	}
	return pages * 4096 >> 20
}

var kept *object

//go:noinline
func drop() weak.Pointer[object] { return weak.Make(&object{name: "dropped"}) }

// churn makes weak pointers to objects that die, and cleanups of them.
func churn(n int, cleaned *atomic.Int64) {
	for range n {
		o := &object{name: "short"}
		w := weak.Make(o)
		runtime.AddCleanup(o, func(n int) { cleaned.Add(int64(n)) }, 1)
		if w.Value() != o {
			panic("the pointer leads elsewhere")
		}
	}
}

func main() {
	kept = &object{name: "kept"}
	a, b := weak.Make(kept), weak.Make(kept)
	name := weak.Make(&kept.name)
	fmt.Println(a == b, a.Value() == kept, *name.Value(), weak.Make[object](nil).Value())
	w := drop()
	for range 100 {
		drop()
	}
	runtime.GC()
	runtime.GC()
	fmt.Println(w.Value() == nil, w == a, a == b, a.Value().name)

	var cleaned atomic.Int64
	round := func(n int64) {
		churn(100000, &cleaned)
		// Stale words may keep a few.
		for cleaned.Load() < n*100000-10 {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	}
	round(1)
	before := resident()
	for n := range int64(10) {
		round(n + 2)
	}
	// What the tables of a round took is free again, but in pieces: on a busy machine they come to 90 MiB. A million
	// objects that each left something would be twice that.
	fmt.Println(resident()-before < 120)
	fmt.Println(a.Value() == kept, w.Value() == nil)
}
