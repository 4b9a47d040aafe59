package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// Atomic stores of pointers: like all stores of pointers they tell the collector. Between that and the store there is no
// safepoint.

//go:nosplit
func atomicwb(ptr *unsafe.Pointer, new unsafe.Pointer) {
	if barrierOn() {
		recordStore(ptr, new)
	}
}

//go:nosplit
func storePointer(ptr *unsafe.Pointer, new unsafe.Pointer) {
	atomicwb(ptr, new)
	atomic.StorepNoWB(unsafe.Pointer(ptr), new)
}

//go:nosplit
func casPointer(ptr *unsafe.Pointer, old, new unsafe.Pointer) bool {
	atomicwb(ptr, new)
	return atomic.Casp1(ptr, old, new)
}

//go:nosplit
func swapPointer(ptr *unsafe.Pointer, new unsafe.Pointer) unsafe.Pointer {
	atomicwb(ptr, new)
	return unsafe.Pointer(atomic.Xchguintptr((*uintptr)(unsafe.Pointer(ptr)), uintptr(new)))
}

//go:linkname atomic_storePointer internal/runtime/atomic.storePointer
func atomic_storePointer(ptr *unsafe.Pointer, new unsafe.Pointer) { storePointer(ptr, new) }

//go:linkname atomic_casPointer internal/runtime/atomic.casPointer
func atomic_casPointer(ptr *unsafe.Pointer, old, new unsafe.Pointer) bool {
	return casPointer(ptr, old, new)
}

//go:linkname sync_atomic_StorePointer sync/atomic.StorePointer
func sync_atomic_StorePointer(ptr *unsafe.Pointer, new unsafe.Pointer) { storePointer(ptr, new) }

//go:linkname sync_atomic_SwapPointer sync/atomic.SwapPointer
func sync_atomic_SwapPointer(ptr *unsafe.Pointer, new unsafe.Pointer) unsafe.Pointer {
	return swapPointer(ptr, new)
}

//go:linkname sync_atomic_CompareAndSwapPointer sync/atomic.CompareAndSwapPointer
func sync_atomic_CompareAndSwapPointer(ptr *unsafe.Pointer, old, new unsafe.Pointer) bool {
	return casPointer(ptr, old, new)
}
