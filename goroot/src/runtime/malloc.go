package runtime

import (
	"internal/abi"
	"unsafe"
)

// Allocation, and memory that holds pointers. Small objects of known types compiled code allocates by itself; see
// crates/heap.

// zerobase is where objects of size zero are.
var zerobase uintptr

// mallocgc allocates size bytes that hold values of a type, or no pointers if it is nil.
func mallocgc(size uintptr, typ *_type, needzero bool) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(&zerobase)
	}
	return mallocNative(size, typ, needzero)
}

func newobject(typ *_type) unsafe.Pointer { return mallocgc(typ.Size_, typ, true) }

// newarray allocates n values of a type.
func newarray(typ *_type, n int) unsafe.Pointer {
	size, overflow := mulUintptr(typ.Size_, uintptr(n))
	if overflow || size > maxAlloc || n < 0 {
		panic(plainError("runtime: allocation size out of range"))
	}
	if size == 0 {
		return unsafe.Pointer(&zerobase)
	}
	if !typ.Pointers() {
		return mallocNative(size, nil, true)
	}
	return newarrayNative(typ, n)
}

//go:linkname maps_newarray internal/runtime/maps.newarray
func maps_newarray(typ *_type, n int) unsafe.Pointer { return newarray(typ, n) }

//go:linkname maps_newobject internal/runtime/maps.newobject
func maps_newobject(typ *_type) unsafe.Pointer { return newobject(typ) }

//go:linkname reflect_unsafe_New reflect.unsafe_New
func reflect_unsafe_New(typ *_type) unsafe.Pointer { return newobject(typ) }

//go:linkname reflectlite_unsafe_New internal/reflectlite.unsafe_New
func reflectlite_unsafe_New(typ *_type) unsafe.Pointer { return newobject(typ) }

//go:linkname reflect_unsafe_NewArray reflect.unsafe_NewArray
func reflect_unsafe_NewArray(typ *_type, n int) unsafe.Pointer { return newarray(typ, n) }

// typedmemmove copies a value of a type, telling the collector if it has to know. Between the two there is no safepoint.
//
//go:nosplit
func typedmemmove(typ *abi.Type, dst, src unsafe.Pointer) {
	if dst == src {
		return
	}
	if typ.Pointers() && barrierOn() {
		bulkBarrier(uintptr(dst), uintptr(src), typ.PtrBytes, typ)
	}
	memmove(dst, src, typ.Size_)
}

// typedmemmoveRange copies size bytes of an array of values of a type.
//
//go:nosplit
func typedmemmoveRange(dst, src unsafe.Pointer, size uintptr, typ *_type) {
	if size == 0 || dst == src {
		return
	}
	if barrierOn() {
		bulkBarrier(uintptr(dst), uintptr(src), size, typ)
	}
	memmove(dst, src, size)
}

// typedmemclr clears a value of a type.
//
//go:nosplit
func typedmemclr(typ *_type, ptr unsafe.Pointer) {
	if typ.Pointers() && barrierOn() {
		bulkBarrier(uintptr(ptr), 0, typ.PtrBytes, typ)
	}
	memclrNoHeapPointers(ptr, typ.Size_)
}

// memclrHasPointers clears a part of an object that has pointers.
//
//go:nosplit
func memclrHasPointers(ptr unsafe.Pointer, n uintptr) {
	if barrierOn() {
		bulkBarrierRange(uintptr(ptr), 0, n)
	}
	memclrNoHeapPointers(ptr, n)
}

// typedslicecopy is copy of slices whose elements have pointers.
func typedslicecopy(typ *_type, dstPtr unsafe.Pointer, dstLen int, srcPtr unsafe.Pointer, srcLen int) int {
	n := min(dstLen, srcLen)
	if n == 0 {
		return 0
	}
	size := uintptr(n) * typ.Size_
	if typ.Pointers() {
		typedmemmoveRange(dstPtr, srcPtr, size, typ)
	} else {
		memmove(dstPtr, srcPtr, size)
	}
	return n
}

//go:linkname maps_typedmemmove internal/runtime/maps.typedmemmove
func maps_typedmemmove(typ *_type, dst, src unsafe.Pointer) { typedmemmove(typ, dst, src) }

//go:linkname maps_typedmemclr internal/runtime/maps.typedmemclr
func maps_typedmemclr(typ *_type, ptr unsafe.Pointer) { typedmemclr(typ, ptr) }

//go:linkname reflect_typedmemmove reflect.typedmemmove
func reflect_typedmemmove(typ *_type, dst, src unsafe.Pointer) { typedmemmove(typ, dst, src) }

//go:linkname reflectlite_typedmemmove internal/reflectlite.typedmemmove
func reflectlite_typedmemmove(typ *_type, dst, src unsafe.Pointer) { typedmemmove(typ, dst, src) }

//go:linkname reflect_typedmemclr reflect.typedmemclr
func reflect_typedmemclr(typ *_type, ptr unsafe.Pointer) { typedmemclr(typ, ptr) }

//go:linkname reflect_typedmemclrpartial reflect.typedmemclrpartial
func reflect_typedmemclrpartial(typ *_type, ptr unsafe.Pointer, off, size uintptr) {
	if typ.Pointers() {
		memclrHasPointers(ptr, size)
	} else {
		memclrNoHeapPointers(ptr, size)
	}
}

//go:linkname reflect_typedslicecopy reflect.typedslicecopy
func reflect_typedslicecopy(elem *_type, dst, src slice) int {
	return typedslicecopy(elem, dst.array, dst.len, src.array, src.len)
}

//go:linkname reflect_typedarrayclear reflect.typedarrayclear
func reflect_typedarrayclear(typ *_type, ptr unsafe.Pointer, len int) {
	size := typ.Size_ * uintptr(len)
	if typ.Pointers() {
		memclrHasPointers(ptr, size)
	} else {
		memclrNoHeapPointers(ptr, size)
	}
}

//go:linkname reflect_memmove reflect.memmove
func reflect_memmove(to, from unsafe.Pointer, n uintptr) { memmove(to, from, n) }
