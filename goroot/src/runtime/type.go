package runtime

import (
	"internal/abi"
	"unsafe"
)

// Type descriptors. Names, types and code lie at addresses below 2 GiB, so an offset is an address. Negative offsets
// stand for what reflect has made at run time.

var reflectOffs struct {
	lock mutex
	next int32
	m    map[int32]unsafe.Pointer
	inv  map[unsafe.Pointer]int32
}

// resolveOff returns the address that an offset stands for.
func resolveOff(off int32) unsafe.Pointer {
	if off >= 0 {
		return unsafe.Pointer(uintptr(off))
	}
	lock(&reflectOffs.lock)
	p := reflectOffs.m[off]
	unlock(&reflectOffs.lock)
	if p == nil {
		throw("runtime: offset of a type's part was never made")
	}
	return p
}

func resolveName(off nameOff) abi.Name { return abi.Name{Bytes: (*byte)(resolveOff(int32(off)))} }

func resolveType(off typeOff) *_type {
	if off == 0 || off == -1 {
		// -1: a method that the linker left out.
		return nil
	}
	return (*_type)(resolveOff(int32(off)))
}

func resolveText(off textOff) unsafe.Pointer {
	if off == -1 {
		return abiFuncPC(unreachableMethod)
	}
	return resolveOff(int32(off))
}

func abiFuncPC(f func()) unsafe.Pointer { return **(**unsafe.Pointer)(unsafe.Pointer(&f)) }

// unreachableMethod is what calls of methods that the linker left out end in.
func unreachableMethod() { throw("unreachable method called. linker bug?") }

// typeString returns the type as reflect prints it.
//
//go:linkname typeString internal/runtime/maps.typeString
func typeString(t *_type) string {
	s := resolveName(t.Str).Name()
	if t.TFlag&abi.TFlagExtraStar != 0 {
		return s[1:]
	}
	return s
}

// typePkgPath returns the path of the package that declares a named type.
func typePkgPath(t *_type) string {
	if u := t.Uncommon(); u != nil {
		return nameString(u.PkgPath)
	}
	switch t.Kind() {
	case abi.Struct:
		return (*structtype)(unsafe.Pointer(t)).PkgPath.Name()
	case abi.Interface:
		return (*interfacetype)(unsafe.Pointer(t)).PkgPath.Name()
	}
	return ""
}

func nameString(off nameOff) string {
	if off == 0 {
		return ""
	}
	return resolveName(off).Name()
}

// namePkgPath returns the package path that an unexported name carries.
func namePkgPath(n abi.Name) string {
	if n.Bytes == nil || *n.Data(0)&(1<<2) == 0 {
		return ""
	}
	i, l := n.ReadVarint(1)
	at := 1 + i + l
	if n.HasTag() {
		i, l = n.ReadVarint(at)
		at += i + l
	}
	var off nameOff
	copy((*[4]byte)(unsafe.Pointer(&off))[:], (*[4]byte)(unsafe.Pointer(n.Data(at)))[:])
	return resolveName(off).Name()
}

//go:linkname reflect_resolveNameOff reflect.resolveNameOff
func reflect_resolveNameOff(base unsafe.Pointer, off int32) unsafe.Pointer {
	return unsafe.Pointer(resolveName(nameOff(off)).Bytes)
}

//go:linkname reflect_resolveTypeOff reflect.resolveTypeOff
func reflect_resolveTypeOff(base unsafe.Pointer, off int32) unsafe.Pointer {
	return unsafe.Pointer(resolveType(typeOff(off)))
}

//go:linkname reflect_resolveTextOff reflect.resolveTextOff
func reflect_resolveTextOff(base unsafe.Pointer, off int32) unsafe.Pointer {
	return resolveText(textOff(off))
}

//go:linkname reflectlite_resolveNameOff internal/reflectlite.resolveNameOff
func reflectlite_resolveNameOff(base unsafe.Pointer, off int32) unsafe.Pointer {
	return unsafe.Pointer(resolveName(nameOff(off)).Bytes)
}

//go:linkname reflectlite_resolveTypeOff internal/reflectlite.resolveTypeOff
func reflectlite_resolveTypeOff(base unsafe.Pointer, off int32) unsafe.Pointer {
	return unsafe.Pointer(resolveType(typeOff(off)))
}

//go:linkname reflect_addReflectOff reflect.addReflectOff
func reflect_addReflectOff(ptr unsafe.Pointer) int32 {
	lock(&reflectOffs.lock)
	defer unlock(&reflectOffs.lock)
	if reflectOffs.m == nil {
		reflectOffs.m = make(map[int32]unsafe.Pointer)
		reflectOffs.inv = make(map[unsafe.Pointer]int32)
		// -1 has a meaning of its own.
		reflectOffs.next = -2
	}
	id, found := reflectOffs.inv[ptr]
	if !found {
		id = reflectOffs.next
		reflectOffs.next--
		reflectOffs.m[id] = ptr
		reflectOffs.inv[ptr] = id
	}
	return id
}

//go:linkname reflect_compiledTypelinks reflect.compiledTypelinks
func reflect_compiledTypelinks() ([]*_type, [][]*_type) { return firstmodule().types.slice(), nil }

//go:linkname reflect_adjustAIXGCDataForRuntime reflect.adjustAIXGCDataForRuntime
func reflect_adjustAIXGCDataForRuntime(addr *byte) *byte { return addr }

//go:linkname reflect_verifyNotInHeapPtr reflect.verifyNotInHeapPtr
func reflect_verifyNotInHeapPtr(p uintptr) bool {
	base := findObject(unsafe.Pointer(p))
	return base == 0 && p != ^uintptr(0)
}
