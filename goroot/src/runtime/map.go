package runtime

import (
	"internal/abi"
	"internal/runtime/maps"
	"unsafe"
)

// Maps are upstream's internal/runtime/maps, compiled as it is. It defines the functions without a body here.

// maps_errNilAssign belongs to upstream's package; main sets it, before anything else could look at it.
//
//go:linkname maps_errNilAssign internal/runtime/maps.errNilAssign
var maps_errNilAssign error

func makemap64(t *abi.MapType, hint int64, m *maps.Map) *maps.Map { return makemap(t, int(hint), m) }

func makemap_small() *maps.Map { return maps.NewEmptyMap() }

func makemap(t *abi.MapType, hint int, m *maps.Map) *maps.Map {
	return maps.NewMap(t, uintptr(max(hint, 0)), m, maxAlloc)
}

//go:linkname mapaccess1
func mapaccess1(t *abi.MapType, m *maps.Map, key unsafe.Pointer) unsafe.Pointer

//go:linkname mapaccess2
func mapaccess2(t *abi.MapType, m *maps.Map, key unsafe.Pointer) (unsafe.Pointer, bool)

//go:linkname mapassign
func mapassign(t *abi.MapType, m *maps.Map, key unsafe.Pointer) unsafe.Pointer

//go:linkname mapaccess1_fast32
func mapaccess1_fast32(t *abi.MapType, m *maps.Map, key uint32) unsafe.Pointer

//go:linkname mapaccess2_fast32
func mapaccess2_fast32(t *abi.MapType, m *maps.Map, key uint32) (unsafe.Pointer, bool)

//go:linkname mapassign_fast32
func mapassign_fast32(t *abi.MapType, m *maps.Map, key uint32) unsafe.Pointer

//go:linkname mapassign_fast32ptr
func mapassign_fast32ptr(t *abi.MapType, m *maps.Map, key unsafe.Pointer) unsafe.Pointer

//go:linkname mapdelete_fast32
func mapdelete_fast32(t *abi.MapType, m *maps.Map, key uint32)

//go:linkname mapaccess1_fast64
func mapaccess1_fast64(t *abi.MapType, m *maps.Map, key uint64) unsafe.Pointer

//go:linkname mapaccess2_fast64
func mapaccess2_fast64(t *abi.MapType, m *maps.Map, key uint64) (unsafe.Pointer, bool)

//go:linkname mapassign_fast64
func mapassign_fast64(t *abi.MapType, m *maps.Map, key uint64) unsafe.Pointer

//go:linkname mapassign_fast64ptr
func mapassign_fast64ptr(t *abi.MapType, m *maps.Map, key unsafe.Pointer) unsafe.Pointer

//go:linkname mapdelete_fast64
func mapdelete_fast64(t *abi.MapType, m *maps.Map, key uint64)

//go:linkname mapaccess1_faststr
func mapaccess1_faststr(t *abi.MapType, m *maps.Map, key string) unsafe.Pointer

//go:linkname mapaccess2_faststr
func mapaccess2_faststr(t *abi.MapType, m *maps.Map, key string) (unsafe.Pointer, bool)

//go:linkname mapassign_faststr
func mapassign_faststr(t *abi.MapType, m *maps.Map, key string) unsafe.Pointer

//go:linkname mapdelete_faststr
func mapdelete_faststr(t *abi.MapType, m *maps.Map, key string)

// mapaccess1_fat and mapaccess2_fat are for elements that are larger than zeroVal.
func mapaccess1_fat(t *abi.MapType, m *maps.Map, key, zero unsafe.Pointer) unsafe.Pointer {
	if e, ok := mapaccess2(t, m, key); ok {
		return e
	}
	return zero
}

func mapaccess2_fat(t *abi.MapType, m *maps.Map, key, zero unsafe.Pointer) (unsafe.Pointer, bool) {
	if e, ok := mapaccess2(t, m, key); ok {
		return e, true
	}
	return zero, false
}

func mapdelete(t *abi.MapType, m *maps.Map, key unsafe.Pointer) { m.Delete(t, key) }

func mapIterStart(t *abi.MapType, m *maps.Map, it *maps.Iter) {
	it.Init(t, m)
	it.Next()
}

func mapIterNext(it *maps.Iter) { it.Next() }

func mapclear(t *abi.MapType, m *maps.Map) { m.Clear(t) }

func maplen(m *maps.Map) int {
	if m == nil {
		return 0
	}
	return int(m.Used())
}

//go:linkname reflect_makemap reflect.makemap
func reflect_makemap(t *abi.MapType, cap int) *maps.Map { return makemap(t, cap, nil) }

//go:linkname reflect_mapaccess reflect.mapaccess
func reflect_mapaccess(t *abi.MapType, m *maps.Map, key unsafe.Pointer) unsafe.Pointer {
	if e, ok := mapaccess2(t, m, key); ok {
		return e
	}
	return nil
}

//go:linkname reflect_mapaccess_faststr reflect.mapaccess_faststr
func reflect_mapaccess_faststr(t *abi.MapType, m *maps.Map, key string) unsafe.Pointer {
	if e, ok := mapaccess2_faststr(t, m, key); ok {
		return e
	}
	return nil
}

//go:linkname reflect_mapassign reflect.mapassign0
func reflect_mapassign(t *abi.MapType, m *maps.Map, key, elem unsafe.Pointer) {
	typedmemmove(t.Elem, mapassign(t, m, key), elem)
}

//go:linkname reflect_mapassign_faststr reflect.mapassign_faststr0
func reflect_mapassign_faststr(t *abi.MapType, m *maps.Map, key string, elem unsafe.Pointer) {
	typedmemmove(t.Elem, mapassign_faststr(t, m, key), elem)
}

//go:linkname reflect_mapdelete reflect.mapdelete
func reflect_mapdelete(t *abi.MapType, m *maps.Map, key unsafe.Pointer) { mapdelete(t, m, key) }

//go:linkname reflect_mapdelete_faststr reflect.mapdelete_faststr
func reflect_mapdelete_faststr(t *abi.MapType, m *maps.Map, key string) {
	mapdelete_faststr(t, m, key)
}

//go:linkname reflect_maplen reflect.maplen
func reflect_maplen(m *maps.Map) int { return maplen(m) }

//go:linkname reflect_mapclear reflect.mapclear
func reflect_mapclear(t *abi.MapType, m *maps.Map) { mapclear(t, m) }

//go:linkname reflectlite_maplen internal/reflectlite.maplen
func reflectlite_maplen(m *maps.Map) int { return maplen(m) }

//go:linkname mapclone maps.clone
func mapclone(m any) any {
	e := efaceOf(&m)
	e.data = unsafe.Pointer((*maps.Map)(e.data).Clone((*abi.MapType)(unsafe.Pointer(e._type))))
	return m
}
