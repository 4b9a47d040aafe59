package runtime

import (
	"internal/abi"
	"unsafe"
)

// Error identifies a run time error used in panic.
type Error interface {
	error

	// RuntimeError does nothing; that a type has it says that its values are run time errors.
	RuntimeError()
}

// A TypeAssertionError explains a failed type assertion.
type TypeAssertionError struct {
	_interface    *_type
	concrete      *_type
	asserted      *_type
	missingMethod string
}

func (*TypeAssertionError) RuntimeError() {}

func (e *TypeAssertionError) Error() string {
	inter := "interface"
	if e._interface != nil {
		inter = typeString(e._interface)
	}
	asserted := typeString(e.asserted)
	if e.concrete == nil {
		return "interface conversion: " + inter + " is nil, not " + asserted
	}
	concrete := typeString(e.concrete)
	if e.missingMethod != "" {
		return "interface conversion: " + concrete + " is not " + asserted + ": missing method " + e.missingMethod
	}
	msg := "interface conversion: " + inter + " is " + concrete + ", not " + asserted
	if concrete == asserted {
		if typePkgPath(e.concrete) != typePkgPath(e.asserted) {
			msg += " (types from different packages)"
		} else {
			msg += " (types from different scopes)"
		}
	}
	return msg
}

// A PanicNilError happens when code calls panic(nil).
type PanicNilError struct {
	// Not comparable.
	_ [0]func()
}

func (*PanicNilError) Error() string { return "runtime error: panic called with nil argument" }
func (*PanicNilError) RuntimeError() {}

// An errorString is a run time error described by a text.
type errorString string

func (e errorString) RuntimeError() {}

func (e errorString) Error() string { return "runtime error: " + string(e) }

// An errorAddressString is one that an access to an address made.
type errorAddressString struct {
	msg  string
	addr uintptr
}

func (e errorAddressString) RuntimeError() {}

func (e errorAddressString) Error() string { return "runtime error: " + e.msg }

// Addr returns the address whose access failed.
func (e errorAddressString) Addr() uintptr { return e.addr }

// A plainError is a run time error whose text has no prefix.
type plainError string

func (e plainError) RuntimeError() {}

func (e plainError) Error() string { return string(e) }

// A boundsError is a failed check of an index or of a slice's bounds.
type boundsError struct {
	x      int64
	y      int
	signed bool // x is an int64, else a uint64
	code   abi.BoundsErrorCode
}

func (e boundsError) RuntimeError() {}

// Texts of bounds errors. In the second column x is negative, and y of no interest.
var boundsTexts = [...][2]string{
	abi.BoundsIndex:      {"index out of range [%x] with length %y", "index out of range [%x]"},
	abi.BoundsSliceAlen:  {"slice bounds out of range [:%x] with length %y", "slice bounds out of range [:%x]"},
	abi.BoundsSliceAcap:  {"slice bounds out of range [:%x] with capacity %y", "slice bounds out of range [:%x]"},
	abi.BoundsSliceB:     {"slice bounds out of range [%x:%y]", "slice bounds out of range [%x:]"},
	abi.BoundsSlice3Alen: {"slice bounds out of range [::%x] with length %y", "slice bounds out of range [::%x]"},
	abi.BoundsSlice3Acap: {"slice bounds out of range [::%x] with capacity %y", "slice bounds out of range [::%x]"},
	abi.BoundsSlice3B:    {"slice bounds out of range [:%x:%y]", "slice bounds out of range [:%x:]"},
	abi.BoundsSlice3C:    {"slice bounds out of range [%x:%y:]", "slice bounds out of range [%x::]"},
	abi.BoundsConvert:    {"cannot convert slice with length %y to array or pointer to array with length %x", ""},
}

func (e boundsError) Error() string {
	text := boundsTexts[e.code][0]
	if e.signed && e.x < 0 {
		text = boundsTexts[e.code][1]
	}
	b := append(make([]byte, 0, 100), "runtime error: "...)
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '%':
			b = append(b, text[i])
		case text[i+1] == 'x':
			b = appendInt(b, e.x, e.signed)
			i++
		default:
			b = appendInt(b, int64(e.y), true)
			i++
		}
	}
	return string(b)
}

func appendInt(b []byte, v int64, signed bool) []byte {
	u := uint64(v)
	if signed && v < 0 {
		b = append(b, '-')
		u = -u
	}
	return append(b, itoa(u)...)
}

func itoa(u uint64) string {
	var buf [20]byte
	i := len(buf)
	for {
		i--
		buf[i] = byte('0' + u%10)
		if u /= 10; u == 0 {
			return string(buf[i:])
		}
	}
}

type stringer interface {
	String() string
}

// printpanicval prints the argument of a panic.
func printpanicval(v any) {
	switch v := v.(type) {
	case nil:
		print("nil")
	case string:
		printindented(v)
	default:
		printscalar(*efaceOf(&v), false)
	}
}

// printscalar prints what an interface holds; with its type unless that is a predeclared one.
func printscalar(e eface, bare bool) {
	t := e._type
	bare = t.TFlag&abi.TFlagNamed != 0 && typePkgPath(t) == ""
	complexNumber := t.Kind() == abi.Complex64 || t.Kind() == abi.Complex128
	switch k := t.Kind(); {
	case k == abi.Bool, abi.Int <= k && k <= abi.Complex128, k == abi.String:
		if !bare {
			printstring(typeString(t))
			if !complexNumber {
				printstring("(")
			}
		}
	default:
		print("(", typeString(t), ") ", e.data)
		return
	}
	switch t.Kind() {
	case abi.Bool:
		print(*(*bool)(e.data))
	case abi.Int:
		print(*(*int)(e.data))
	case abi.Int8:
		print(*(*int8)(e.data))
	case abi.Int16:
		print(*(*int16)(e.data))
	case abi.Int32:
		print(*(*int32)(e.data))
	case abi.Int64:
		print(*(*int64)(e.data))
	case abi.Uint:
		print(*(*uint)(e.data))
	case abi.Uint8:
		print(*(*uint8)(e.data))
	case abi.Uint16:
		print(*(*uint16)(e.data))
	case abi.Uint32:
		print(*(*uint32)(e.data))
	case abi.Uint64:
		print(*(*uint64)(e.data))
	case abi.Uintptr:
		print(*(*uintptr)(e.data))
	case abi.Float32:
		print(*(*float32)(e.data))
	case abi.Float64:
		print(*(*float64)(e.data))
	case abi.Complex64:
		print(*(*complex64)(e.data))
	case abi.Complex128:
		print(*(*complex128)(e.data))
	case abi.String:
		printstring(`"`)
		printindented(*(*string)(e.data))
		printstring(`"`)
	}
	if !bare && !complexNumber {
		printstring(")")
	}
}

// panicwrap is called by the wrapper (*T).M of a value method M of T that got a nil pointer.
func panicwrap() {
	name := FuncForPC(callerpc(getfp())).Name()
	// The name has the form pkg.(*T).M.
	open, close := -1, -1
	for i := range len(name) {
		if name[i] == '(' && open < 0 {
			open = i
		}
		if name[i] == ')' {
			close = i
		}
	}
	if open < 1 || close < open+2 || close+2 > len(name) {
		throw("panicwrap: unexpected name " + name)
	}
	pkg, typ, method := name[:open-1], name[open+2:close], name[close+2:]
	panic(plainError("value method " + pkg + "." + typ + "." + method + " called using nil *" + typ + " pointer"))
}

var (
	divideError   = error(errorString("integer divide by zero"))
	overflowError = error(errorString("integer overflow"))
	shiftError    = error(errorString("negative shift amount"))
	memoryError   = error(errorString("invalid memory address or nil pointer dereference"))
	floatError    = error(errorString("floating point error"))

	rangeDoneError         = error(errorString("range function continued iteration after function for loop body returned false"))
	rangePanicError        = error(errorString("range function continued iteration after loop body panic"))
	rangeExhaustedError    = error(errorString("range function continued iteration after whole loop exit"))
	rangeMissingPanicError = error(errorString("range function recovered a loop body panic and did not resume panicking"))
)

func panicdivide()   { panic(divideError) }
func panicoverflow() { panic(overflowError) }
func panicshift()    { panic(shiftError) }
func panicmem()      { panic(memoryError) }
func panicfloat()    { panic(floatError) }

func panicmemAddr(addr uintptr) {
	panic(errorAddressString{msg: "invalid memory address or nil pointer dereference", addr: addr})
}

func panicrangestate(state int) {
	switch abi.RF_State(state) {
	case abi.RF_DONE:
		panic(rangeDoneError)
	case abi.RF_PANIC:
		panic(rangePanicError)
	case abi.RF_EXHAUSTED:
		panic(rangeExhaustedError)
	case abi.RF_MISSING_PANIC:
		panic(rangeMissingPanicError)
	}
	throw("unexpected state passed to panicrangestate")
}

func panicBound(x int64, signed bool, y int, code abi.BoundsErrorCode) {
	panic(boundsError{x: x, signed: signed, y: y, code: code})
}

func panicIndex(x int, y int)       { panicBound(int64(x), true, y, abi.BoundsIndex) }
func panicIndexU(x uint, y int)     { panicBound(int64(x), false, y, abi.BoundsIndex) }
func panicSliceAlen(x int, y int)   { panicBound(int64(x), true, y, abi.BoundsSliceAlen) }
func panicSliceAlenU(x uint, y int) { panicBound(int64(x), false, y, abi.BoundsSliceAlen) }
func panicSliceAcap(x int, y int)   { panicBound(int64(x), true, y, abi.BoundsSliceAcap) }
func panicSliceAcapU(x uint, y int) { panicBound(int64(x), false, y, abi.BoundsSliceAcap) }
func panicSliceB(x int, y int)      { panicBound(int64(x), true, y, abi.BoundsSliceB) }
func panicSliceBU(x uint, y int)    { panicBound(int64(x), false, y, abi.BoundsSliceB) }
func panicSlice3Alen(x int, y int)  { panicBound(int64(x), true, y, abi.BoundsSlice3Alen) }
func panicSlice3AlenU(x uint, y int) {
	panicBound(int64(x), false, y, abi.BoundsSlice3Alen)
}
func panicSlice3Acap(x int, y int) { panicBound(int64(x), true, y, abi.BoundsSlice3Acap) }
func panicSlice3AcapU(x uint, y int) {
	panicBound(int64(x), false, y, abi.BoundsSlice3Acap)
}
func panicSlice3B(x int, y int)      { panicBound(int64(x), true, y, abi.BoundsSlice3B) }
func panicSlice3BU(x uint, y int)    { panicBound(int64(x), false, y, abi.BoundsSlice3B) }
func panicSlice3C(x int, y int)      { panicBound(int64(x), true, y, abi.BoundsSlice3C) }
func panicSlice3CU(x uint, y int)    { panicBound(int64(x), false, y, abi.BoundsSlice3C) }
func panicSliceConvert(x int, y int) { panicBound(int64(x), true, y, abi.BoundsConvert) }

func panicdottypeE(have, want, iface *_type) {
	panic(&TypeAssertionError{iface, have, want, ""})
}

func panicdottypeI(have *itab, want, iface *_type) {
	var t *_type
	if have != nil {
		t = have.Type
	}
	panicdottypeE(t, want, iface)
}

func panicnildottype(want *_type) {
	panic(&TypeAssertionError{nil, nil, want, ""})
}

func panicunsafealignment()    { panic(errorString("unaligned")) }
func panicunsafeslicelen()     { panic(errorString("unsafe.Slice: len out of range")) }
func panicunsafeslicenilptr()  { panic(errorString("unsafe.Slice: ptr is nil and len is not zero")) }
func panicunsafestringlen()    { panic(errorString("unsafe.String: len out of range")) }
func panicunsafestringnilptr() { panic(errorString("unsafe.String: ptr is nil and len is not zero")) }
func panicmakeslicelen()       { panic(errorString("makeslice: len out of range")) }
func panicmakeslicecap()       { panic(errorString("makeslice: cap out of range")) }

func unsafeslice(et *_type, ptr unsafe.Pointer, len int) {
	if len < 0 {
		panicunsafeslicelen()
	}
	size, overflow := mulUintptr(et.Size_, uintptr(len))
	if overflow || size > -uintptr(ptr) {
		if ptr == nil {
			panicunsafeslicenilptr()
		}
		panicunsafeslicelen()
	}
}

func unsafeslice64(et *_type, ptr unsafe.Pointer, len64 int64) { unsafeslice(et, ptr, int(len64)) }

func unsafeslicecheckptr(et *_type, ptr unsafe.Pointer, len64 int64) {
	unsafeslice(et, ptr, int(len64))
}

func unsafestring(ptr unsafe.Pointer, len int) {
	if len < 0 {
		panicunsafestringlen()
	}
	if uintptr(len) > -uintptr(ptr) {
		if ptr == nil {
			panicunsafestringnilptr()
		}
		panicunsafestringlen()
	}
}

func unsafestring64(ptr unsafe.Pointer, len64 int64) { unsafestring(ptr, int(len64)) }

func unsafestringcheckptr(ptr unsafe.Pointer, len64 int64) { unsafestring(ptr, int(len64)) }

//go:linkname reflect_unsafeslice reflect.unsafeslice
func reflect_unsafeslice(et *_type, ptr unsafe.Pointer, len int) { unsafeslice(et, ptr, len) }
