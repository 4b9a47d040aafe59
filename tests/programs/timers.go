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
	for range 100 {
		if runtime.GC(); freed.Load() >= 1990 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	fmt.Println("freed", freed.Load() >= 1990)

	// Nobody waits when they expire.
	start := time.Now()
	late := time.NewTimer(2 * time.Millisecond)
	ticker := time.NewTicker(2 * time.Millisecond)
	fmt.Println(empty(late.C), empty(ticker.C), len(late.C), cap(late.C))
	time.Sleep(15 * time.Millisecond)
	at := <-late.C
	fmt.Println(at.Sub(start) < 14*time.Millisecond, empty(late.C), late.Stop())
	// Of the ticks that nobody took one is left.
	fmt.Println(empty(ticker.C), empty(ticker.C))
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
