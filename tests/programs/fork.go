// A process is started while others of this one's goroutines wake each other; afterwards they still can be woken.
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

func main() {
	var wg sync.WaitGroup
	c, quit := make(chan int), make(chan bool)
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case c <- 1:
				case <-c:
				case <-quit:
					return
				}
			}
		})
	}
	p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		panic(err)
	}
	state, err := p.Wait()
	fmt.Println(state, err)
	close(quit)
	wg.Wait()
	for range 20 {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("awake")
}
