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
	const objects = 20000
	round := func(n int64) {
		churn(objects, &cleaned)
		// Stale words may keep a few.
		for cleaned.Load() < n*objects-10 {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	}
	// What the tables of a round took is free again, but in pieces: the process grows for a while, longer on a busy machine.
	// If a hundred thousand objects each left something, it would never stop.
	grows, before := true, 0
	for n := int64(0); grows && n < 60; {
		for range 5 {
			n++
			round(n)
		}
		now := resident()
		grows, before = now-before >= 8, now
	}
	fmt.Println(!grows)
	fmt.Println(a.Value() == kept, w.Value() == nil)
}
