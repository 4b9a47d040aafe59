// Structs are compared by what is cheap first, but nothing moves past what may panic.
package main

import (
	"fmt"
	"syscall"
	"unsafe"
)

type numbered struct {
	name string
	n    int
}

type named struct{ first, last string }

type nested struct {
	inner named
	n     int
}

type open struct {
	any  any
	name string
	n    int
}

type floats struct {
	f float64
	s string
	c complex64
}

// hidden returns two strings whose bytes cannot be read.
func hidden() (string, string) {
	b, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	if err := syscall.Mprotect(b, syscall.PROT_NONE); err != nil {
		panic(err)
	}
	return unsafe.String(&b[0], 3), unsafe.String(&b[1], 3)
}

func compare(x, y any) (equal bool, fault any) {
	defer func() { fault = recover() }()
	return x == y, nil
}

func main() {
	x, y := hidden()
	fmt.Println(compare(numbered{x, 1}, numbered{y, 2}))
	fmt.Println(compare(named{x, "a"}, named{y, "aa"}))
	fmt.Println(compare(named{"a", x}, named{"b", y}))
	fmt.Println(compare(nested{named{x, y}, 1}, nested{named{y, x}, 2}))
	f := func() {}
	fmt.Println(compare(open{f, "a", 1}, open{f, "b", 2}))
	fmt.Println(compare(open{1, x, 1}, open{2, y, 1}))
	fmt.Println(compare(open{1, "a", 1}, open{1, "a", 1}))
	fmt.Println(compare(floats{1, "s", 2i}, floats{1, "s", 2i}))
	fmt.Println(compare(floats{1, "s", 2i}, floats{1, "t", 2i}))
	fmt.Println(compare(floats{1, "s", 2i}, floats{1, "s", 3i}))
	fmt.Println(compare(nested{named{"a", "b"}, 1}, nested{named{"a", "b"}, 1}))
	type long struct {
		before [40]byte
		name   string
		after  [5]int16
	}
	fmt.Println(compare(long{name: "x"}, long{name: "x"}))
	fmt.Println(compare(long{name: "x"}, long{name: "x", after: [5]int16{4: 1}}))
}
