// Variables and literals that are too large for a frame are objects.
package main

import (
	"fmt"
	"runtime/debug"
)

type large struct {
	bytes [1 << 20]byte
	name  string
}

//go:noinline
func fill(to *large, name string) { *to = large{name: name} }

//go:noinline
func sum(n int) (total int) {
	var squares [50000]int
	for i := range n {
		squares[i] = i * i
	}
	for i := range squares {
		total += squares[i]
	}
	return total
}

//go:noinline
func same(a, b *large) bool { return *a == *b }

func main() {
	debug.SetMaxStack(1 << 16)
	done := make(chan bool)
	go func() {
		l := new(large)
		l.bytes[7] = 1
		fill(l, "filled")
		fmt.Println(l.bytes[7], l.name, sum(10))
		m := new(large)
		fill(m, "filled")
		fmt.Println(same(l, m))
		m.bytes[1<<20-1] = 1
		fmt.Println(same(l, m))
		done <- true
	}()
	<-done
}
