package runtime

import (
	"internal/runtime/math"
	"unsafe"
)

// Slices: make, append, copy.

// maxAlloc is more than any allocation can have.
const maxAlloc = 1 << 48

func mulUintptr(a, b uintptr) (uintptr, bool) { return math.MulUintptr(a, b) }

// makeslice makes the array of make([]T, len, cap), after the checks.
func makeslice(et *_type, len, cap int) unsafe.Pointer {
	size, overflow := mulUintptr(et.Size_, uintptr(cap))
	if overflow || size > maxAlloc || len < 0 || len > cap {
		// As in gc: when both are at fault, the length is, being what was written in make([]T, n).
		size, overflow := mulUintptr(et.Size_, uintptr(len))
		if overflow || size > maxAlloc || len < 0 {
			panicmakeslicelen()
		}
		panicmakeslicecap()
	}
	return newarray(et, cap)
}

func makeslice64(et *_type, len64, cap64 int64) unsafe.Pointer {
	return makeslice(et, int(len64), int(cap64))
}

// makeslicecopy is make([]T, tolen) with the first elements of another slice.
func makeslicecopy(et *_type, tolen, fromlen int, from unsafe.Pointer) unsafe.Pointer {
	to := makeslice(et, tolen, tolen)
	typedslicecopy(et, to, tolen, from, fromlen)
	return to
}

// nextslicecap is the capacity that append asks for: twice the old one for small slices, and with a smooth change from
// there to one and a quarter.
func nextslicecap(newLen, oldCap int) int {
	const threshold = 256
	newcap := oldCap
	if double := newcap + newcap; newLen > double {
		return newLen
	} else if oldCap < threshold {
		return double
	}
	for uint(newcap) < uint(newLen) {
		newcap += (newcap + 3*threshold) >> 2
	}
	if newcap <= 0 {
		return newLen
	}
	return newcap
}

// growslice returns a slice of length newLen with the elements of the old one, whose length was newLen-num. What follows
// the old elements up to newLen is undefined for types without pointers, which the caller overwrites.
func growslice(oldPtr unsafe.Pointer, newLen, oldCap, num int, et *_type) slice {
	oldLen := newLen - num
	if newLen < 0 {
		panic(errorString("growslice: len out of range"))
	}
	if et.Size_ == 0 {
		return slice{unsafe.Pointer(&zerobase), newLen, newLen}
	}
	newcap := nextslicecap(newLen, oldCap)
	size, overflow := mulUintptr(et.Size_, uintptr(newcap))
	if overflow || size > maxAlloc {
		panic(errorString("growslice: len out of range"))
	}
	size = roundupsize(size, !et.Pointers())
	newcap = int(size / et.Size_)
	size = uintptr(newcap) * et.Size_
	used := uintptr(oldLen) * et.Size_
	p := growslicealloc(et, size, newcap, uintptr(newLen)*et.Size_)
	if et.Pointers() {
		typedmemmoveRange(p, oldPtr, used, et)
	} else {
		memmove(p, oldPtr, used)
	}
	return slice{p, newLen, newcap}
}

func growslicealloc(et *_type, size uintptr, cap int, written uintptr) unsafe.Pointer {
	if et.Pointers() {
		return newarray(et, cap)
	}
	p := mallocgc(size, nil, false)
	memclrNoHeapPointers(add(p, written), size-written)
	return p
}

func growsliceNoAlias(oldPtr unsafe.Pointer, newLen, oldCap, num int, et *_type) slice {
	return growslice(oldPtr, newLen, oldCap, num, et)
}

//go:linkname reflect_growslice reflect.growslice
func reflect_growslice(et *_type, old slice, num int) slice {
	num -= old.cap - old.len
	grown := growslice(old.array, old.cap+num, old.cap, num, et)
	if !et.Pointers() {
		// reflect shows what append overwrites.
		from := uintptr(old.cap) * et.Size_
		memclrNoHeapPointers(add(grown.array, from), uintptr(grown.len)*et.Size_-from)
	}
	grown.len = old.len
	return grown
}

// slicecopy copies elements without pointers.
func slicecopy(toPtr unsafe.Pointer, toLen int, fromPtr unsafe.Pointer, fromLen int, width uintptr) int {
	n := min(toLen, fromLen)
	if n != 0 && width != 0 {
		memmove(toPtr, fromPtr, uintptr(n)*width)
	}
	return n
}

//go:linkname bytealg_MakeNoZero internal/bytealg.MakeNoZero
func bytealg_MakeNoZero(len int) []byte {
	if uintptr(len) > maxAlloc {
		panicmakeslicelen()
	}
	size := roundupsize(uintptr(len), true)
	return unsafe.Slice((*byte)(mallocgc(size, nil, false)), size)[:len]
}
