// Stores of pointers and copies of structs with pointers fill one buffer while the collector marks; it holds what they give
// it, however they are mixed.
package main

import "runtime"

type pair struct {
	left, right *pair
	name        string
	value       int
}

var table [64]*pair

// odd records an odd number of pointers, even an even one.
func odd(p *pair)  { p.left, p.right = table[p.value%64], p }
func even(p *pair) { *p = pair{p.right, p.left, "even", p.value} }

func main() {
	done := make(chan bool)
	go func() {
		for range 200 {
			runtime.GC()
		}
		close(done)
	}()
	sum, n := 0, 0
	for running := true; running; n++ {
		p := &pair{value: n}
		for i := range 64 {
			table[i], p.left = p, table[(i+n)%64]
			odd(p)
			if i%3 == n%3 {
				even(p)
			}
		}
		sum += table[n%64].value - n
		select {
		case <-done:
			running = false
		default:
		}
	}
	println("done", sum)
}
