// Goroutines that never call anything do not keep others from running, on however few processors.
package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

var stop atomic.Bool

func spin(count *atomic.Uint64) {
	for !stop.Load() {
		count.Add(1)
	}
}

// A goroutine that is made ready while another spins gets its turn.
func others() {
	stop.Store(false)
	var count atomic.Uint64
	done := make(chan bool)
	go func() {
		spin(&count)
		done <- true
	}()
	for range 3 {
		c := make(chan int)
		go func() { c <- 1 }()
		<-c
	}
	stop.Store(true)
	<-done
	fmt.Println("others run")
}

// So does one that waits for a time.
func sleeper() {
	stop.Store(false)
	done := make(chan bool)
	go func() {
		var count atomic.Uint64
		spin(&count)
		done <- true
	}()
	time.Sleep(time.Millisecond)
	stop.Store(true)
	<-done
	fmt.Println("sleepers wake")
}

// Those that spin take turns.
func fair() {
	stop.Store(false)
	var counts [4]atomic.Uint64
	done := make(chan bool)
	for i := range counts {
		go func() {
			spin(&counts[i])
			done <- true
		}()
	}
	for i := range counts {
		// Whoever gets no turn has this wait for ever.
		for counts[i].Load() == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	stop.Store(true)
	for range counts {
		<-done
	}
	fmt.Println("turns are taken")
}

// A collection does not wait for them.
func collection() {
	stop.Store(false)
	done := make(chan bool)
	go func() {
		for !stop.Load() {
		}
		done <- true
	}()
	runtime.Gosched()
	runtime.GC()
	stop.Store(true)
	<-done
	fmt.Println("collections end")
}

func main() {
	for _, processors := range []int{1, 2} {
		runtime.GOMAXPROCS(processors)
		others()
		sleeper()
		fair()
		collection()
	}
	go func() {
		for {
		}
	}()
	runtime.Gosched()
	fmt.Println("main ends")
}
