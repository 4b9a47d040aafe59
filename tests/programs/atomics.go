// Atomic operations, called and as values.
package main

import (
	"fmt"
	"math"
	"math/bits"
	"sync/atomic"
	"unsafe"
)

var operations = struct {
	add  func(*int64, int64) int64
	cas  func(*uint32, uint32, uint32) bool
	swap func(*uintptr, uintptr) uintptr
	or   func(*int32, int32) int32
	load func(*unsafe.Pointer) unsafe.Pointer
}{atomic.AddInt64, atomic.CompareAndSwapUint32, atomic.SwapUintptr, atomic.OrInt32, atomic.LoadPointer}

func main() {
	n := int64(40)
	fmt.Println(operations.add(&n, 2), atomic.AddInt64(&n, -1), n)
	word := uint32(7)
	fmt.Println(operations.cas(&word, 6, 1), operations.cas(&word, 7, 9), word)
	address := uintptr(1)
	fmt.Println(operations.swap(&address, 3), address)
	bit := int32(4)
	fmt.Println(operations.or(&bit, 3), bit)
	at := unsafe.Pointer(&n)
	fmt.Println(operations.load(&at) == unsafe.Pointer(&n))
	for _, f := range []func(float64) float64{math.Sqrt, math.Floor, math.Abs, math.RoundToEven} {
		fmt.Print(f(2.5), " ")
	}
	for _, f := range []func(uint64) int{bits.Len64, bits.LeadingZeros64, bits.OnesCount64} {
		fmt.Print(f(12), " ")
	}
	fmt.Println()
}
