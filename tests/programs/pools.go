// Pools are used by many goroutines while collections empty them.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	runtime.GOMAXPROCS(4)
	var pools [4]sync.Pool
	var done atomic.Bool
	var users, collectors sync.WaitGroup
	for i := range 8 {
		users.Go(func() {
			for n := range 200000 {
				pool := &pools[(i+n)%len(pools)]
				value, _ := pool.Get().(*int)
				if value == nil {
					value = new(int)
				}
				*value = n
				pool.Put(value)
			}
		})
	}
	for range 2 {
		collectors.Go(func() {
			for !done.Load() {
				runtime.GC()
			}
		})
	}
	users.Wait()
	done.Store(true)
	collectors.Wait()
	fmt.Println("done")
}
