package main

import (
	"fmt"
	"runtime"
)

func allocateAndForget() {
	data := make([]byte, 1024*1024)
	data[0] = 42
}

func main() {
	allocateAndForget()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("Alloc: %v KB\n", m.Alloc/1024)
}
