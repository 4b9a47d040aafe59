// Maps of every kind of key that has functions of its own, and some that have none: grown, changed, thinned out, and
// compared with a list.
package main

import (
	"fmt"
	"unsafe"
)

type (
	id    int32
	name  string
	pair  struct{ a, b int32 }
	large [200]byte
)

func check[K comparable, E comparable](what string, keys []K, elem func(int) E) {
	m := map[K]E{}
	for i, k := range keys {
		if _, ok := m[k]; ok {
			panic(what + ": there before")
		}
		m[k] = elem(i)
		m[k] = elem(i)
	}
	for i, k := range keys {
		if e, ok := m[k]; !ok || e != elem(i) || m[k] != e {
			panic(what + ": not found")
		}
	}
	for i := 0; i < len(keys); i += 3 {
		delete(m, keys[i])
		delete(m, keys[i])
	}
	var zero E
	for i, k := range keys {
		e, ok := m[k]
		if gone := i%3 == 0; ok == gone || gone && e != zero || !gone && e != elem(i) {
			panic(what + ": wrong after deletion")
		}
	}
	seen := 0
	for k, e := range m {
		if m[k] != e {
			panic(what + ": iteration differs")
		}
		seen++
	}
	if seen != len(m) || seen != len(keys)-(len(keys)+2)/3 {
		panic(what + ": wrong number")
	}
	clear(m)
	if _, ok := m[keys[1]]; ok || len(m) != 0 {
		panic(what + ": not empty")
	}
	fmt.Println(what, seen)
}

func keys[K any](n int, key func(int) K) []K {
	list := make([]K, n)
	for i := range list {
		list[i] = key(i)
	}
	return list
}

func number(i int) int { return i*7 + 1 }

func panics(what string, f func()) {
	defer func() { fmt.Println(what, recover()) }()
	f()
}

func main() {
	for _, n := range []int{3, 8, 9, 1000, 5000} {
		check("int32", keys(n, func(i int) int32 { return int32(i) << 16 }), number)
		check("uint32", keys(n, func(i int) uint32 { return ^uint32(i) }), number)
		check("id", keys(n, func(i int) id { return id(-i) }), number)
		check("int", keys(n, func(i int) int { return i << 40 }), number)
		check("uint64", keys(n, func(i int) uint64 { return ^uint64(i) }), number)
		check("uintptr", keys(n, func(i int) uintptr { return uintptr(i) }), number)
		check("pointer", keys(n, func(i int) *int { return new(int) }), number)
		check("chan", keys(n, func(i int) chan int { return make(chan int) }), number)
		check("unsafe", keys(n, func(i int) unsafe.Pointer { return unsafe.Pointer(new(int)) }), number)
		check("string", keys(n, func(i int) string { return fmt.Sprint(i) }), number)
		check("long string", keys(n, func(i int) string { return fmt.Sprintf("%070d%d", 0, i) }), number)
		check("name", keys(n, func(i int) name { return name(fmt.Sprint("n", i)) }), number)
		check("uint16", keys(n, func(i int) uint16 { return uint16(i) }), number)
		check("float64", keys(n, func(i int) float64 { return float64(i) / 3 }), number)
		check("float32", keys(n, func(i int) float32 { return float32(i) / 4 }), number)
		check("pair", keys(n, func(i int) pair { return pair{int32(i), -1} }), number)
		check("any", keys(n, func(i int) any { return i }), number)
		check("large", keys(n, func(i int) int { return i }), func(i int) large { return large{byte(i), 1} })
		check("empty", keys(n, func(i int) string { return fmt.Sprint(i) }), func(int) struct{} { return struct{}{} })
		check("text", keys(n, func(i int) int64 { return int64(i) }), func(i int) string { return fmt.Sprint(i) })
	}

	counts := map[string]int{}
	for _, word := range []string{"a", "b", "a", "", "a", ""} {
		counts[word]++
	}
	lists := map[rune][]int{}
	for i, r := range "hello" {
		lists[r] = append(lists[r], i)
	}
	fmt.Println(counts, lists)

	var none map[string]int
	var noNumbers map[uint32]int
	fmt.Println(none["x"], noNumbers[1], len(none))
	delete(none, "x")
	panics("string", func() { none["x"] = 1 })
	panics("number", func() { noNumbers[1]++ })
	panics("pointer", func() { var m map[*int]int; m[nil] = 1 })
}
