package runtime

import (
	"internal/abi"
	"internal/runtime/maps"
	"unsafe"
)

// What no package of the standard library calls, but much-used packages elsewhere do by go:linkname, and what Go's runtime
// keeps for them therefore (go.dev/issue/67401).

//go:linkname stringHash
func stringHash(s string, seed uintptr) uintptr { return strhash(unsafe.Pointer(&s), seed) }

//go:linkname procPin
func procPin() int { return sync_runtime_procPin() }

//go:linkname procUnpin
func procUnpin() { unpin() }

//go:linkname sync_runtime_canSpin sync.runtime_canSpin
func sync_runtime_canSpin(i int) bool { return internal_sync_runtime_canSpin(i) }

//go:linkname sync_runtime_doSpin sync.runtime_doSpin
func sync_runtime_doSpin() { internal_sync_runtime_doSpin() }

//go:linkname goyield
func goyield() { Gosched() }

//go:linkname cheaprand64
func cheaprand64() int64 { return int64(rand()) }

//go:linkname noescape
func noescape(p unsafe.Pointer) unsafe.Pointer { return p }

// mapIterator is what those packages declare as Go's iterator of before 1.24; what they read lies in its first words.
type mapIterator struct {
	key, elem unsafe.Pointer
	typ       *abi.MapType
	it        *maps.Iter
}

//go:linkname mapiterinit
func mapiterinit(t *abi.MapType, m *maps.Map, it *mapIterator) {
	it.typ = t
	it.it = new(maps.Iter)
	it.it.Init(t, m)
	mapiternext(it)
}

//go:linkname mapiternext
func mapiternext(it *mapIterator) {
	it.it.Next()
	it.key, it.elem = it.it.Key(), it.it.Elem()
}

//go:linkname reflect_mapiterinit reflect.mapiterinit
func reflect_mapiterinit(t *abi.MapType, m *maps.Map, it *mapIterator) { mapiterinit(t, m, it) }

//go:linkname reflect_mapiternext reflect.mapiternext
func reflect_mapiternext(it *mapIterator) { mapiternext(it) }

//go:linkname reflect_mapiterkey reflect.mapiterkey
func reflect_mapiterkey(it *mapIterator) unsafe.Pointer { return it.it.Key() }

//go:linkname reflect_mapiterelem reflect.mapiterelem
func reflect_mapiterelem(it *mapIterator) unsafe.Pointer { return it.it.Elem() }

// reflect_typelinks gives the types that reflection finds by their strings, sorted by those: by their distances from one.
//
//go:linkname reflect_typelinks reflect.typelinks
func reflect_typelinks() ([]unsafe.Pointer, [][]int32) {
	types := firstmodule().types.slice()
	if len(types) == 0 {
		return nil, nil
	}
	first := unsafe.Pointer(types[0])
	distances := make([]int32, len(types))
	for i, t := range types {
		distances[i] = int32(uintptr(unsafe.Pointer(t)) - uintptr(first))
	}
	return []unsafe.Pointer{first}, [][]int32{distances}
}
