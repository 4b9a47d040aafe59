// Calls of what is no code are faults of the caller.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"unsafe"
)

var data [64]byte

// call calls the function at an address.
//
//go:noinline
func call(code uintptr) (fault string) {
	defer func() {
		err := recover().(runtime.Error)
		fault = err.Error()
		if a, ok := err.(interface{ Addr() uintptr }); ok && a.Addr() == code {
			fault += " there"
		}
		if !strings.Contains(string(debug.Stack()), "main.call") {
			fault += ", and the caller is lost"
		}
	}()
	closure := &code
	f := *(*func())(unsafe.Pointer(&closure))
	f()
	return "none"
}

func main() {
	debug.SetPanicOnFault(true)
	fmt.Println(call(0))
	fmt.Println(call(1))
	fmt.Println(call(uintptr(unsafe.Pointer(&data))))
	fmt.Println(call(uintptr(unsafe.Pointer(new([64]byte)))))
}
