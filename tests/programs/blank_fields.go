// Nothing is stored in a field without a name, and hashes that reflection computes are those of compiled code.
package main

import (
	"fmt"
	"reflect"
)

type blank struct {
	a, _ int
	b    string
}

type large struct {
	a, _, b int
	c       [4]string
}

type key struct {
	a, b int32
	f    float64
	c, d int64
	_    int16
	e    int16
	s    string
}

func noisy(n int) int {
	fmt.Println("noisy", n)
	return n
}

var static = blank{1, 2, "x"}
var dynamic = large{noisy(1), 2, 3, [4]string{"y"}}

func hidden(x any) int64 { return reflect.ValueOf(x).Field(1).Int() }

func main() {
	fmt.Println(hidden(static), hidden(dynamic))
	fmt.Println(hidden(blank{1, noisy(3), "x"}), hidden(*(&large{1, noisy(4), 3, [4]string{}})))
}

func init() {
	k := key{1, 2, 3, 4, 5, 6, 7, "s"}
	made := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[key](), reflect.TypeFor[bool]()))
	made.SetMapIndex(reflect.ValueOf(k), reflect.ValueOf(true))
	type set map[key]bool
	var compiled set
	reflect.ValueOf(&compiled).Elem().Set(made)
	compiled[key{a: 9}] = true
	fmt.Println(compiled[k], made.MapIndex(reflect.ValueOf(key{a: 9})).IsValid(), len(compiled))
}
