// Fanin gathers what many goroutines send over one buffered channel, and over several by select.
package main

import (
	"fmt"
	"sync"
)

func main() {
	const senders, each = 100, 20_000
	numbers := make(chan int, 64)
	var group sync.WaitGroup
	for s := range senders {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range each {
				numbers <- s + i
			}
		}()
	}
	go func() {
		group.Wait()
		close(numbers)
	}()
	sum := 0
	for n := range numbers {
		sum += n
	}

	a, b, done := make(chan int), make(chan int), make(chan bool)
	send := func(c chan<- int) {
		for i := range 500_000 {
			c <- i
		}
		done <- true
	}
	go send(a)
	go send(b)
	for left := 2; left > 0; {
		select {
		case n := <-a:
			sum += n
		case n := <-b:
			sum -= n
		case <-done:
			left--
		}
	}
	fmt.Println(sum)
}
