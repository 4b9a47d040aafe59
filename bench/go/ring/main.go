// Ring passes a token round a ring of goroutines over unbuffered channels.
package main

import "fmt"

func pass(in <-chan int, out chan<- int) {
	for token := range in {
		out <- token + 1
	}
	close(out)
}

func main() {
	const goroutines, rounds = 1000, 2000
	first := make(chan int)
	in := first
	for range goroutines {
		out := make(chan int)
		go pass(in, out)
		in = out
	}
	token := 0
	for range rounds {
		first <- token
		token = <-in
	}
	close(first)
	<-in
	fmt.Println(token)
}
