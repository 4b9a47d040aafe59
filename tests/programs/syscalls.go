// Goroutines come back from system calls, and go on as one of at most GOMAXPROCS processors: sync.Pool counts on it.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
)

func main() {
	runtime.GOMAXPROCS(2)
	var wg sync.WaitGroup
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 200 {
				pause := syscall.Timespec{Nsec: int64(i%7) * 5000}
				syscall.Nanosleep(&pause, nil)
				// A new pool sizes its list by GOMAXPROCS and indexes it by the processor.
				var pool sync.Pool
				pool.Put(new(int))
				if pool.Get() == nil && i < 0 {
					panic("no value")
				}
			}
		}()
	}
	wg.Wait()
	fmt.Println("done")
}
