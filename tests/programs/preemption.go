// Goroutines that never call anything do not keep others from running, on however few processors.
package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

var stop atomic.Bool

func spin(count *uint64) {
	for !stop.Load() {
		*count++
	}
}

// A goroutine that is made ready while another spins gets its turn.
func others() {
	stop.Store(false)
	var count uint64
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
		var count uint64
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
	var counts [4]uint64
	done := make(chan bool)
	for i := range counts {
		go func() {
			spin(&counts[i])
			done <- true
		}()
	}
	time.Sleep(200 * time.Millisecond)
	stop.Store(true)
	for range counts {
		<-done
	}
	for _, n := range counts {
		if n == 0 {
			fmt.Println("one of them never ran:", counts)
		}
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
