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

var kept any

// fault shows how f panics.
func fault(f func()) {
	defer func() { fmt.Println(recover()) }()
	f()
}

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

	// Copied from their end, or cleared there first, they are far from nil.
	var none *large
	fault(func() { kept = *none })
	fault(func() { *none = large{name: "stored"} })
	fault(func() { *none = large{} })
	fault(func() { fmt.Println(none.name) })
}
