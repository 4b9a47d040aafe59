// Profiles of blocking and of mutexes, on in a program whose goroutines wait for each other in every way.
package main

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
)

func main() {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	const workers, rounds = 16, 400
	var wg sync.WaitGroup
	var mu sync.Mutex
	var rw sync.RWMutex
	cond := sync.NewCond(&mu)
	total, turn := 0, 0
	c, d := make(chan int), make(chan int, 3)
	quit := make(chan bool)
	for i := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for r := range rounds {
				mu.Lock()
				total++
				if r%16 == 0 {
					runtime.Gosched()
				}
				mu.Unlock()
				rw.RLock()
				runtime.Gosched()
				rw.RUnlock()
				if r%8 == 0 {
					rw.Lock()
					rw.Unlock()
				}
				select {
				case c <- i:
				case d <- i:
				}
			}
			mu.Lock()
			for turn != i {
				cond.Wait()
			}
			turn++
			cond.Broadcast()
			mu.Unlock()
		}()
	}
	sum := make(chan int)
	for range 4 {
		go func() {
			n := 0
			for {
				select {
				case <-c:
					n++
				case <-d:
					n++
				case <-quit:
					sum <- n
					return
				case <-time.After(time.Hour):
					panic("late")
				}
			}
		}()
	}
	wg.Wait()
	got := 0
	for len(d) > 0 {
		select {
		case <-d:
			got++
		default:
		}
	}
	close(quit)
	for range 4 {
		got += <-sum
	}
	fmt.Println(total, got, turn)
	runtime.SetBlockProfileRate(0)
	runtime.SetMutexProfileFraction(0)
	for _, name := range []string{"block", "mutex"} {
		var buf bytes.Buffer
		pprof.Lookup(name).WriteTo(&buf, 1)
		text := buf.String()
		fmt.Println(name, strings.Contains(text, "main.main.func1"))
	}
}
