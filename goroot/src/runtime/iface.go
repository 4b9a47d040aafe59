package runtime

import (
	"internal/abi"
	"internal/runtime/atomic"
	"unsafe"
)

// Itabs: which methods a concrete type has for an interface type. Compiled programs bring those that their code names; the
// others are made when they are first asked for. All are in one table, so that each pair has one.

// An itabTable is a hash table with open addressing, read without the lock. What it holds stays.
type itabTable struct {
	mask    uintptr
	count   uintptr
	entries []*itab
}

var (
	itabLock mutex
	itabs    atomic.Pointer[itabTable]
)

func newItabTable(size uintptr) *itabTable {
	return &itabTable{mask: size - 1, entries: make([]*itab, size)}
}

func itabHash(inter *interfacetype, typ *_type) uintptr { return uintptr(inter.Type.Hash ^ typ.Hash) }

func (t *itabTable) find(inter *interfacetype, typ *_type) *itab {
	h := itabHash(inter, typ) & t.mask
	for i := uintptr(1); ; i++ {
		m := (*itab)(atomic.Loadp(unsafe.Pointer(&t.entries[h])))
		if m == nil || m.Inter == inter && m.Type == typ {
			return m
		}
		h = (h + i) & t.mask
	}
}

func (t *itabTable) add(m *itab) {
	h := itabHash(m.Inter, m.Type) & t.mask
	for i := uintptr(1); ; i++ {
		switch m2 := t.entries[h]; {
		case m2 == nil:
			storePointer((*unsafe.Pointer)(unsafe.Pointer(&t.entries[h])), unsafe.Pointer(m))
			t.count++
			return
		case m2.Inter == m.Inter && m2.Type == m.Type:
			return
		}
		h = (h + i) & t.mask
	}
}

// itabsInit takes the program's own itabs into the table.
func itabsInit() {
	list := firstmodule().itabs.slice()
	size := uintptr(512)
	for size*3 < uintptr(len(list))*4+1024 {
		size *= 2
	}
	t := newItabTable(size)
	for _, m := range list {
		t.add(m)
	}
	itabs.Store(t)
}

// addItab adds an itab that is not there yet; the lock is held.
func addItab(m *itab) {
	t := itabs.Load()
	if t.count*4 >= (t.mask+1)*3 {
		bigger := newItabTable((t.mask + 1) * 2)
		for _, m := range t.entries {
			if m != nil {
				bigger.add(m)
			}
		}
		itabs.Store(bigger)
		t = bigger
	}
	t.add(m)
}

// getitab returns the itab of a type for an interface type. If the type does not implement it the answer is nil, or with
// canfail false a panic.
func getitab(inter *interfacetype, typ *_type, canfail bool) *itab {
	if len(inter.Methods) == 0 {
		throw("internal error - misuse of itab")
	}
	if typ.TFlag&abi.TFlagUncommon == 0 {
		if canfail {
			return nil
		}
		name := resolveName(inter.Methods[0].Name)
		panic(&TypeAssertionError{nil, typ, &inter.Type, name.Name()})
	}
	m := itabs.Load().find(inter, typ)
	if m == nil {
		m = makeItab(inter, typ)
	}
	if m.Fun[0] != 0 {
		return m
	}
	if canfail {
		return nil
	}
	panic(&TypeAssertionError{concrete: typ, asserted: &inter.Type, missingMethod: itabInit(m)})
}

func makeItab(inter *interfacetype, typ *_type) *itab {
	size := unsafe.Sizeof(itab{}) + uintptr(len(inter.Methods)-1)*8
	m := (*itab)(persistentAlloc(size))
	m.Inter, m.Type, m.Hash = inter, typ, 0
	itabInit(m)
	lock(&itabLock)
	if first := itabs.Load().find(inter, typ); first != nil {
		m = first
	} else {
		addItab(m)
	}
	unlock(&itabLock)
	return m
}

// itabInit looks the methods up. It returns the name of the first that the type lacks, and then Fun[0] is zero. Both lists
// are sorted by name.
func itabInit(m *itab) string {
	inter, typ := m.Inter, m.Type
	methods := typ.Uncommon().Methods()
	fun := unsafe.Slice(&m.Fun[0], len(inter.Methods))
	var first uintptr
	j := 0
	for k := range inter.Methods {
		want := &inter.Methods[k]
		wantType := resolveType(want.Typ)
		wantName := resolveName(want.Name)
		wantPkg := namePkgPath(wantName)
		if wantPkg == "" {
			wantPkg = inter.PkgPath.Name()
		}
		found := false
		for ; j < len(methods) && !found; j++ {
			has := &methods[j]
			name := resolveName(has.Name)
			if resolveType(has.Mtyp) != wantType || name.Name() != wantName.Name() {
				continue
			}
			pkg := namePkgPath(name)
			if pkg == "" {
				pkg = nameString(typ.Uncommon().PkgPath)
			}
			if !name.IsExported() && pkg != wantPkg {
				continue
			}
			found = true
			code := uintptr(resolveText(has.Ifn))
			if k == 0 {
				first = code
			} else {
				fun[k] = code
			}
		}
		if !found {
			return wantName.Name()
		}
	}
	// Last, so that nobody sees half of them.
	m.Fun[0] = first
	return ""
}

// assertE2I is x.(I) of a value whose type is t; it panics if that does not implement the interface.
func assertE2I(inter *interfacetype, t *_type) *itab {
	if t == nil {
		panic(&TypeAssertionError{nil, nil, &inter.Type, ""})
	}
	return getitab(inter, t, false)
}

// assertE2I2 is the form with two results.
func assertE2I2(inter *interfacetype, t *_type) *itab {
	if t == nil {
		return nil
	}
	return getitab(inter, t, true)
}

// typeAssert is either, as s says.
func typeAssert(s *abi.TypeAssert, t *_type) *itab {
	if s.CanFail {
		return assertE2I2(s.Inter, t)
	}
	return assertE2I(s.Inter, t)
}

// interfaceSwitch finds the first case of a type switch whose interface type t implements.
func interfaceSwitch(s *abi.InterfaceSwitch, t *_type) (int, *itab) {
	if t == nil {
		return s.NCases, nil
	}
	for i, inter := range unsafe.Slice(&s.Cases[0], s.NCases) {
		if m := getitab(inter, t, true); m != nil {
			return i, m
		}
	}
	return s.NCases, nil
}

//go:linkname reflect_ifaceE2I reflect.ifaceE2I
func reflect_ifaceE2I(inter *interfacetype, e eface, dst *iface) {
	*dst = iface{assertE2I(inter, e._type), e.data}
}

//go:linkname reflectlite_ifaceE2I internal/reflectlite.ifaceE2I
func reflectlite_ifaceE2I(inter *interfacetype, e eface, dst *iface) {
	*dst = iface{assertE2I(inter, e._type), e.data}
}

// Values put into interfaces.

var zeroVal [abi.ZeroValSize]byte

// staticuint64s are values of one byte that need no memory of their own.
var staticuint64s [256]uint64

func init() {
	for i := range staticuint64s {
		staticuint64s[i] = uint64(i)
	}
}

func getStaticuint64s() *[256]uint64 { return &staticuint64s }

func convT(t *_type, v unsafe.Pointer) unsafe.Pointer {
	x := mallocgc(t.Size_, t, true)
	typedmemmove(t, x, v)
	return x
}

func convTnoptr(t *_type, v unsafe.Pointer) unsafe.Pointer {
	x := mallocgc(t.Size_, t, false)
	memmove(x, v, t.Size_)
	return x
}

func convT16(val uint16) unsafe.Pointer {
	if val < 256 {
		return unsafe.Pointer(&staticuint64s[val])
	}
	x := new(uint16)
	*x = val
	return unsafe.Pointer(x)
}

func convT32(val uint32) unsafe.Pointer {
	if val < 256 {
		return unsafe.Pointer(&staticuint64s[val])
	}
	x := new(uint32)
	*x = val
	return unsafe.Pointer(x)
}

func convT64(val uint64) unsafe.Pointer {
	if val < 256 {
		return unsafe.Pointer(&staticuint64s[val])
	}
	x := new(uint64)
	*x = val
	return unsafe.Pointer(x)
}

func convTstring(val string) unsafe.Pointer {
	if val == "" {
		return unsafe.Pointer(&zeroVal[0])
	}
	x := new(string)
	*x = val
	return unsafe.Pointer(x)
}

func convTslice(val []byte) unsafe.Pointer {
	if (*slice)(unsafe.Pointer(&val)).array == nil {
		return unsafe.Pointer(&zeroVal[0])
	}
	x := new([]byte)
	*x = val
	return unsafe.Pointer(x)
}
