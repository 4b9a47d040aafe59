// What the descriptors of types say: sizes, pointer maps, hashes, flags and names, as the runtime and reflect read them.
package main

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"
)

// The head of a type descriptor, as internal/abi lays it out.
type head struct {
	size, pointers uintptr
	hash           uint32
	tflag          uint8
	align, field   uint8
	kind           uint8
	equal          unsafe.Pointer
	mask           *byte
	name           int32
	pointerTo      int32
}

// Flags that internal/abi gives names to.
const (
	uncommon = 1 << iota
	extraStar
	named
	regularMemory
	maskOnDemand
	directInterface
)

type (
	empty  struct{}
	number int32
	pair   struct {
		a, b *int
	}
	mixed struct {
		n    int8
		p    *pair
		s    string
		f    float64
		i    any
		list []number
		tail [3]uint16
	}
	padded struct {
		a int8
		b int64
	}
	blank struct {
		a int8
		_ int8
	}
	tree[K comparable, V any] struct {
		left, right *tree[K, V]
		key         K
		value       V
	}
	embedded struct {
		*pair
		mixed
		E int `json:"e,omitempty"`
	}
	reader interface {
		Read(p []byte) (n int, err error)
		close()
	}
	callback  func(number, ...string) (error, bool)
	recursive []recursive
	Exported  struct{ X, y int }
)

func (number) String() string    { return "number" }
func (p *pair) Swap()            { p.a, p.b = p.b, p.a }
func (p pair) hidden() int       { return 0 }
func (e Exported) Sum(n int) int { return e.X + e.y + n }
func (e *Exported) Reset()       { *e = Exported{} }

var values = []any{
	false, int(0), int8(0), uint16(0), uintptr(0), float32(0), complex64(0), complex128(0), "", unsafe.Pointer(nil),
	empty{}, number(0), pair{}, &pair{}, mixed{}, &mixed{}, padded{}, blank{}, embedded{}, Exported{}, &Exported{},
	tree[string, int]{}, &tree[number, any]{}, tree[pair, tree[int, string]]{},
	[0]int{}, [4]byte{}, [2]string{}, [3]any{}, [2]empty{}, [2]padded{}, [1]*int{}, [100]*int{}, [5]mixed{},
	[]int(nil), []pair(nil), recursive(nil), map[string]int(nil), map[pair][]number(nil), map[any]empty(nil),
	(chan int)(nil), (<-chan pair)(nil), (chan<- *mixed)(nil), (chan (<-chan int))(nil),
	func() {}, callback(nil), (func(int, ...any) (string, error))(nil), (func(func(int) bool))(nil),
	(*error)(nil), (*any)(nil), (*reader)(nil), (*interface{ String() string })(nil), (*comparableThing)(nil),
	struct{}{}, struct{ A int }{}, struct {
		A int `k:"v"`
		b string
		*pair
	}{}, struct{ p *int }{}, struct{ f func() }{}, [1]struct{ m map[int]int }{},
	error(&failure{}), failure{}, (**failure)(nil),
	local(),
}

type comparableThing interface{ comparable2 }
type comparable2 interface{ Less(comparable2) bool }
type failure struct{ code int }

func (f *failure) Error() string { return "failure" }

func local() any {
	type inner struct{ p *int }
	return inner{}
}

func main() {
	for _, value := range values {
		t := reflect.TypeOf(value)
		h := *(**head)(unsafe.Pointer(&value))
		fmt.Printf("%s size=%d pointers=%d align=%d/%d kind=%d equal=%t flags=%s mask=%s\n",
			t, h.size, h.pointers, h.align, h.field, h.kind, h.equal != nil, flags(h.tflag), mask(h))
		describe(t)
	}
}

func flags(f uint8) string {
	var list []string
	for i, name := range []string{"uncommon", "", "named", "regular", "ondemand", "direct"} {
		if f>>i&1 != 0 && name != "" {
			list = append(list, name)
		}
	}
	return strings.Join(list, ",")
}

func mask(h *head) string {
	if h.pointers == 0 || h.tflag&maskOnDemand != 0 {
		return "-"
	}
	var bits strings.Builder
	for i := uintptr(0); i < h.pointers/8; i++ {
		b := *(*byte)(unsafe.Add(unsafe.Pointer(h.mask), i/8))
		fmt.Fprint(&bits, b>>(i%8)&1)
	}
	return bits.String()
}

func describe(t reflect.Type) {
	fmt.Printf("  name=%q package=%q comparable=%t methods=%d\n", t.Name(), t.PkgPath(), t.Comparable(), t.NumMethod())
	for i := range t.NumMethod() {
		m := t.Method(i)
		fmt.Printf("  method %d %s %q %s exported=%t\n", m.Index, m.Name, m.PkgPath, m.Type, m.IsExported())
	}
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			fmt.Printf("  field %s %q %s %q +%d %v embedded=%t\n", f.Name, f.PkgPath, f.Type, f.Tag, f.Offset, f.Index, f.Anonymous)
		}
	case reflect.Func:
		fmt.Printf("  in=%d out=%d variadic=%t\n", t.NumIn(), t.NumOut(), t.IsVariadic())
	case reflect.Map:
		fmt.Printf("  key=%s elem=%s\n", t.Key(), t.Elem())
	case reflect.Chan:
		fmt.Printf("  elem=%s dir=%s\n", t.Elem(), t.ChanDir())
	case reflect.Pointer, reflect.Slice, reflect.Array:
		fmt.Printf("  elem=%s\n", t.Elem())
		if t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Interface {
			describe(t.Elem())
		}
	}
}
