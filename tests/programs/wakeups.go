// Goroutines in selects find each other while collections and busy goroutines make them give way at every moment: none
// misses that it was woken.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

var sink []byte

func main() {
	debug.SetGCPercent(1)
	runtime.GOMAXPROCS(4)
	stop := make(chan struct{})
	for range 2 {
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
					sink = make([]byte, 64)
					runtime.Gosched()
				}
			}
		}()
	}
	const rounds = 5000
	var wg sync.WaitGroup
	counts := make([]int, 8)
	for i := range counts {
		a, b := make(chan int), make(chan int)
		wg.Add(2)
		go func() {
			defer wg.Done()
			for range rounds {
				select {
				case a <- 1:
				case b <- 1:
				}
			}
		}()
		go func() {
			defer wg.Done()
			for range rounds {
				select {
				case n := <-a:
					counts[i] += n
				case n := <-b:
					counts[i] += n
				}
			}
		}()
	}
	wg.Wait()
	close(stop)
	fmt.Println(counts)
}
