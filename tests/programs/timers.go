// Timers with channels: nobody but the program holds one that nobody waits for, and what Stop and Reset promise holds.
package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

var freed atomic.Int64

//go:noinline
func forget() {
	for range 1000 {
		runtime.AddCleanup(time.NewTimer(time.Hour), func(n int64) { freed.Add(n) }, 1)
		runtime.AddCleanup(time.NewTicker(time.Hour), func(n int64) { freed.Add(n) }, 1)
	}
}

func empty(c <-chan time.Time) bool {
	select {
	case <-c:
		return false
	default:
		return true
	}
}

func main() {
	forget()
	for start := time.Now(); freed.Load() < 1990 && time.Since(start) < 30*time.Second; {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	fmt.Println("freed", freed.Load() >= 1990)

	far := time.NewTicker(time.Hour)
	fmt.Println(empty(far.C), len(far.C), cap(far.C))

	// Nobody waits when they expire: they do not come later for that, and of the ticks that nobody took one is left.
	late := time.NewTimer(2 * time.Millisecond)
	ticker := time.NewTicker(2 * time.Millisecond)
	time.Sleep(100 * time.Millisecond)
	now := time.Now()
	fmt.Println((<-late.C).Before(now), empty(late.C), late.Stop())
	fmt.Println((<-ticker.C).Before(now), (<-ticker.C).Before(now))
	for range 3 {
		<-ticker.C
	}
	ticker.Stop()
	time.Sleep(5 * time.Millisecond)
	fmt.Println(empty(ticker.C))
	ticker.Reset(time.Millisecond)
	fmt.Println(!(<-ticker.C).IsZero())

	// What has expired and was not received counts as pending, and does not come any more.
	t := time.NewTimer(time.Millisecond)
	time.Sleep(4 * time.Millisecond)
	fmt.Println(t.Stop(), empty(t.C), t.Stop())
	t.Reset(time.Millisecond)
	time.Sleep(4 * time.Millisecond)
	fmt.Println(t.Reset(time.Hour), empty(t.C), t.Stop())

	// Several that wait at one, and one that waits at several.
	t.Reset(3 * time.Millisecond)
	got := make(chan bool)
	quit := make(chan bool)
	for range 3 {
		go func() {
			select {
			case <-t.C:
				got <- true
			case <-time.After(time.Hour):
				panic("too late")
			case <-quit:
				got <- false
			}
		}()
	}
	fmt.Println(<-got)
	close(quit)
	fmt.Println(<-got, <-got)

	// Somebody else resets a timer that a goroutine waits for.
	t.Reset(time.Hour)
	go func() {
		time.Sleep(time.Millisecond)
		t.Reset(time.Millisecond)
	}()
	<-t.C
	zero := time.NewTimer(0)
	<-zero.C
	negative := time.NewTimer(-time.Hour)
	fmt.Println(!(<-negative.C).IsZero())
	called := make(chan bool)
	f := time.AfterFunc(time.Hour, func() { called <- true })
	fmt.Println(f.Stop(), f.Reset(time.Millisecond), <-called, f.Stop())
}
