// What packages outside of the standard library take from the runtime by linkname: go.dev/issue/67401.
package main

import (
	"fmt"
	"reflect"
	"sort"
	"unsafe"
)

//go:linkname stringHash runtime.stringHash
func stringHash(s string, seed uintptr) uintptr

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

//go:linkname canSpin sync.runtime_canSpin
func canSpin(i int) bool

//go:linkname doSpin sync.runtime_doSpin
func doSpin()

//go:linkname goyield runtime.goyield
func goyield()

//go:linkname typelinks reflect.typelinks
func typelinks() ([]unsafe.Pointer, [][]int32)

type iterator struct {
	key, elem unsafe.Pointer
	rest      [14]unsafe.Pointer
}

//go:linkname mapiterinit reflect.mapiterinit
func mapiterinit(t, m unsafe.Pointer, it *iterator)

//go:linkname mapiternext reflect.mapiternext
func mapiternext(it *iterator)

// words are those of an interface.
type words struct{ typ, data unsafe.Pointer }

func main() {
	fmt.Println(stringHash("abc", 1) == stringHash("abc", 1), stringHash("abc", 1) == stringHash("abd", 1))
	fmt.Println(procPin() >= 0)
	procUnpin()
	if canSpin(0) {
		doSpin()
	}
	fmt.Println(canSpin(1000))
	goyield()

	var m any = map[string]int{"one": 1, "two": 2, "three": 3}
	var it iterator
	var pairs []string
	w := (*words)(unsafe.Pointer(&m))
	for mapiterinit(w.typ, w.data, &it); it.key != nil; mapiternext(&it) {
		pairs = append(pairs, fmt.Sprint(*(*string)(it.key), *(*int)(it.elem)))
	}
	sort.Strings(pairs)
	fmt.Println(pairs)

	sections, offsets := typelinks()
	found := false
	for i, section := range sections {
		for _, offset := range offsets[i] {
			var t any = reflect.TypeOf(0)
			(*words)(unsafe.Pointer(&t)).data = unsafe.Add(section, offset)
			found = found || t.(reflect.Type) == reflect.TypeOf([]map[string]*iterator{})
		}
	}
	fmt.Println(found)
}
