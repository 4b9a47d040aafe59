// Overflow uses much stack in the way that its argument names. Go's limit is 1 GB.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"unsafe"
)

// frame is what a call of deep takes at least, in bytes.
const frame = 100 << 10

// deep calls itself until n is 0, with a frame of which little is touched; it gives an address in the last one.
func deep(n int) uintptr {
	if n < 0 {
		var words [frame / 8]int
		for i := range words {
			words[i] = n * i
		}
		return uintptr(words[-n])
	}
	if n == 0 {
		var here byte
		return uintptr(unsafe.Pointer(&here))
	}
	return min(deep(n-1), 1<<62)
}

// uses tells whether n nested calls of deep take n frames of one stack.
func uses(n int) bool {
	outer := deep(1)
	return outer-deep(n+1) >= uintptr(n)*frame
}

func main() {
	const most, endless = 990_000_000 / frame, 1 << 40
	switch os.Args[1] {
	case "below":
		fmt.Println(uses(most))
		done := make(chan bool)
		go func() { done <- uses(most) }()
		fmt.Println(<-done)
	case "main":
		deep(endless)
	case "other":
		go deep(endless)
		select {}
	case "lowered":
		deep(most)
		fmt.Println(debug.SetMaxStack(32 << 20))
		deep((31 << 20) / frame)
		deep((34 << 20) / frame)
	case "raised":
		deep(most)
		fmt.Println(debug.SetMaxStack(2_000_000_000))
		deep(2 * most)
		fmt.Println(debug.SetMaxStack(0))
	}
}
