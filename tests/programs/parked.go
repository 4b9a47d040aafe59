// A hundred thousand goroutines wait at the same time, deep in calls or not, and all run on.
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// deep waits below n frames.
func deep(n int, stop <-chan bool) int {
	if n == 0 {
		<-stop
		return 0
	}
	return 1 + deep(n-1, stop)
}

func main() {
	const goroutines = 100_000
	stop := make(chan bool)
	var started, ended sync.WaitGroup
	var frames atomic.Int64
	for i := range goroutines {
		started.Add(1)
		ended.Add(1)
		go func() {
			defer ended.Done()
			started.Done()
			n := 0
			if i%1000 == 0 {
				n = 2000
			}
			frames.Add(int64(deep(n, stop)))
		}()
	}
	started.Wait()
	close(stop)
	ended.Wait()
	fmt.Println(frames.Load())
}
