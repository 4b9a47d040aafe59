package runtime

import (
	"internal/abi"
	"internal/runtime/maps"
	"unsafe"
)

// Hash functions and equality. The hash of memory is that of upstream's maps.

func memhash(p unsafe.Pointer, h, s uintptr) uintptr   { return maps.MemHash(p, h, s) }
func memhash0(p unsafe.Pointer, h uintptr) uintptr     { return h }
func memhash8(p unsafe.Pointer, h uintptr) uintptr     { return memhash(p, h, 1) }
func memhash16(p unsafe.Pointer, h uintptr) uintptr    { return memhash(p, h, 2) }
func memhash32(p unsafe.Pointer, seed uintptr) uintptr { return maps.MemHash32(*(*uint32)(p), seed) }
func memhash64(p unsafe.Pointer, seed uintptr) uintptr { return maps.MemHash64(*(*uint64)(p), seed) }
func memhash128(p unsafe.Pointer, h uintptr) uintptr   { return memhash(p, h, 16) }
func strhash(p unsafe.Pointer, h uintptr) uintptr      { return maps.StrHash(*(*string)(p), h) }

func f32hash(p unsafe.Pointer, h uintptr) uintptr {
	f := *(*float32)(p)
	switch {
	case f == 0:
		// Both zeros are equal.
		return mixHash(h, 0)
	case f != f:
		// No NaN equals another.
		return mixHash(h, uintptr(rand()))
	}
	return memhash32(p, h)
}

func f64hash(p unsafe.Pointer, h uintptr) uintptr {
	f := *(*float64)(p)
	switch {
	case f == 0:
		return mixHash(h, 0)
	case f != f:
		return mixHash(h, uintptr(rand()))
	}
	return memhash64(p, h)
}

func mixHash(h, x uintptr) uintptr { return maps.MemHash64(uint64(x), h) }

func c64hash(p unsafe.Pointer, h uintptr) uintptr { return f32hash(add(p, 4), f32hash(p, h)) }

func c128hash(p unsafe.Pointer, h uintptr) uintptr { return f64hash(add(p, 8), f64hash(p, h)) }

func interhash(p unsafe.Pointer, h uintptr) uintptr {
	i := (*iface)(p)
	if i.tab == nil {
		return h
	}
	return hashOf(eface{i.tab.Type, i.data}, h)
}

func nilinterhash(p unsafe.Pointer, h uintptr) uintptr {
	e := *(*eface)(p)
	if e._type == nil {
		return h
	}
	return hashOf(e, h)
}

// hashOf is the hash of what an interface holds.
func hashOf(e eface, h uintptr) uintptr {
	t := e._type
	if t.Equal == nil {
		panic(errorString("hash of unhashable type " + typeString(t)))
	}
	h = mixHash(h, uintptr(t.Hash))
	if t.IsDirectIface() {
		return typehash(t, unsafe.Pointer(&e.data), h)
	}
	return typehash(t, e.data, h)
}

// typehash is the hash of a value of any type: the same as compiled hash functions give.
func typehash(t *_type, p unsafe.Pointer, h uintptr) uintptr {
	if t.TFlag&abi.TFlagRegularMemory != 0 {
		return hashBytes(p, h, t.Size_)
	}
	switch t.Kind() {
	case abi.Float32:
		return f32hash(p, h)
	case abi.Float64:
		return f64hash(p, h)
	case abi.Complex64:
		return c64hash(p, h)
	case abi.Complex128:
		return c128hash(p, h)
	case abi.String:
		return strhash(p, h)
	case abi.Interface:
		if len((*interfacetype)(unsafe.Pointer(t)).Methods) == 0 {
			return nilinterhash(p, h)
		}
		return interhash(p, h)
	case abi.Array:
		a := (*arraytype)(unsafe.Pointer(t))
		for i := range a.Len {
			h = typehash(a.Elem, add(p, i*a.Elem.Size_), h)
		}
		return h
	case abi.Struct:
		// A run of fields that are plain memory is hashed as one.
		start, end := uintptr(0), uintptr(0)
		for _, f := range (*structtype)(unsafe.Pointer(t)).Fields {
			if f.Name.IsBlank() {
				continue
			}
			isMemory := f.Typ.TFlag&abi.TFlagRegularMemory != 0
			if start < end && (!isMemory || f.Offset != end) {
				h = hashBytes(add(p, start), h, end-start)
				start = end
			}
			switch {
			case !isMemory:
				h = typehash(f.Typ, add(p, f.Offset), h)
			case start == end:
				start, end = f.Offset, f.Offset+f.Typ.Size_
			default:
				end += f.Typ.Size_
			}
		}
		if start < end {
			h = hashBytes(add(p, start), h, end-start)
		}
		return h
	}
	panic(errorString("hash of unhashable type " + typeString(t)))
}

// hashBytes is the hash of a run of plain memory.
func hashBytes(p unsafe.Pointer, h, size uintptr) uintptr {
	switch size {
	case 0:
		return h
	case 4:
		return memhash32(p, h)
	case 8:
		return memhash64(p, h)
	}
	return memhash(p, h, size)
}

//go:linkname reflect_typehash reflect.typehash
func reflect_typehash(t *_type, p unsafe.Pointer, h uintptr) uintptr { return typehash(t, p, h) }

func memequal0(p, q unsafe.Pointer) bool   { return true }
func memequal8(p, q unsafe.Pointer) bool   { return *(*int8)(p) == *(*int8)(q) }
func memequal16(p, q unsafe.Pointer) bool  { return *(*int16)(p) == *(*int16)(q) }
func memequal32(p, q unsafe.Pointer) bool  { return *(*int32)(p) == *(*int32)(q) }
func memequal64(p, q unsafe.Pointer) bool  { return *(*int64)(p) == *(*int64)(q) }
func memequal128(p, q unsafe.Pointer) bool { return memequal(p, q, 16) }
func f32equal(p, q unsafe.Pointer) bool    { return *(*float32)(p) == *(*float32)(q) }
func f64equal(p, q unsafe.Pointer) bool    { return *(*float64)(p) == *(*float64)(q) }
func c64equal(p, q unsafe.Pointer) bool    { return *(*complex64)(p) == *(*complex64)(q) }
func c128equal(p, q unsafe.Pointer) bool   { return *(*complex128)(p) == *(*complex128)(q) }
func strequal(p, q unsafe.Pointer) bool    { return *(*string)(p) == *(*string)(q) }

func interequal(p, q unsafe.Pointer) bool {
	x, y := *(*iface)(p), *(*iface)(q)
	return x.tab == y.tab && ifaceeq(x.tab, x.data, y.data)
}

func nilinterequal(p, q unsafe.Pointer) bool {
	x, y := *(*eface)(p), *(*eface)(q)
	return x._type == y._type && efaceeq(x._type, x.data, y.data)
}

// efaceeq compares what two interfaces of the same type hold.
func efaceeq(t *_type, x, y unsafe.Pointer) bool {
	if t == nil {
		return true
	}
	if t.Equal == nil {
		panic(errorString("comparing uncomparable type " + typeString(t)))
	}
	if t.IsDirectIface() {
		return x == y
	}
	return t.Equal(x, y)
}

// ifaceeq is the same for interfaces with methods.
func ifaceeq(tab *itab, x, y unsafe.Pointer) bool {
	if tab == nil {
		return true
	}
	return efaceeq(tab.Type, x, y)
}
