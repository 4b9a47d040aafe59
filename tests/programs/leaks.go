// Goroutines that nobody can wake are found by the goroutine leak profile; those that somebody still may are not in it.
package main

import (
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
)

func receives(c chan int) { <-c }

func sends(c chan int) { c <- 1 }

func selects(c, d chan int) {
	select {
	case <-c:
	case d <- 1:
	}
}

func locks(mu *sync.Mutex) { mu.Lock() }

func waits(group *sync.WaitGroup) { group.Wait() }

func waitsForCondition(cond *sync.Cond) {
	cond.L.Lock()
	cond.Wait()
}

func forever() { select {} }

// forget starts goroutines that wait for what only they have.
//
//go:noinline
func forget() {
	go receives(make(chan int))
	go sends(make(chan int))
	go selects(make(chan int), make(chan int))
	// With a pointer: small objects without may share memory with others.
	guarded := new(struct {
		mu   sync.Mutex
		what *int
	})
	guarded.mu.Lock()
	go locks(&guarded.mu)
	group := new(sync.WaitGroup)
	group.Add(1)
	go waits(group)
	go waitsForCondition(sync.NewCond(new(sync.Mutex)))
	go forever()
	var none chan int
	go receives(none)
	// One that waits for another that is leaked is leaked too.
	c := make(chan int)
	go func() {
		<-make(chan int)
		c <- 1
	}()
	go receives(c)
}

// leaks returns the profile with its stacks, as soon as it has as many leaks as it should, or after 30 seconds.
func leaks(want int) string {
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		var profile strings.Builder
		pprof.Lookup("goroutineleak").WriteTo(&profile, 2)
		text := profile.String()
		if strings.Count(text, "(leaked)") >= want || time.Since(start) > 30*time.Second {
			return text
		}
	}
}

func main() {
	known := make(chan int)
	go receives(known)
	hidden := make(chan int)
	go func() {
		<-known
		hidden <- 1
	}()
	go receives(hidden)
	forget()
	before := runtime.NumGoroutine()
	text := leaks(10)
	fmt.Println(before, strings.Count(text, "(leaked)"))
	for _, name := range []string{"receives", "sends", "selects", "locks", "waits", "waitsForCondition", "forever"} {
		fmt.Println(name, strings.Count(text, "main."+name+"("))
	}
	for _, reason := range []string{
		"chan receive", "chan send", "select", "sync.Mutex.Lock", "sync.WaitGroup.Wait", "sync.Cond.Wait",
		"select (no cases)", "chan receive (nil chan)",
	} {
		fmt.Println(reason, strings.Count(text, "["+reason+" (leaked)]:"))
	}
	known <- 1
	known <- 1
	for start := time.Now(); runtime.NumGoroutine() > before-3 && time.Since(start) < 30*time.Second; {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(before - runtime.NumGoroutine())
	fmt.Println(pprof.Lookup("goroutineleak").Count())
}
