// Small functions may be compiled into their callers; what panics in them is still theirs.
package main

import (
	"fmt"
	"runtime"
)

type point struct {
	x, y  int
	items []int
	next  *point
}

func (p *point) getX() int           { return p.x }
func (p *point) set(x, y int)        { p.x, p.y = x, y }
func (p *point) item(i int) int      { return p.items[i] }
func (p *point) nextX() int          { return p.next.x }
func (p *point) setNext(x int)       { p.x = x; p.next.x = x }
func (p *point) part(i, j int) []int { return p.items[i:j] }

func divide(a, b int) int     { return a / b }
func shift(a, b int) int      { return a << b }
func larger(a, b int) int     { return max(a, b) + divide(1, 1) }
func array(s []int) [3]int    { return [3]int(s) }
func first(s string) byte     { return s[0] }
func deref(p **int) int       { return **p }
func swap(a, b *int)          { *a, *b = *b, *a }
func sum(a [4]int, i int) int { return a[i] + a[0] }
func isNil(p *point) bool     { return p == nil }
func pick(b bool, p *point) *int {
	if b {
		return &p.x
	}
	return &p.y
}

func must(ok bool, what string) int {
	if !ok {
		panic("must: " + what)
	}
	return len(what)
}

func twice(ok bool) int { return must(ok, "twice") * 2 }

// try prints what a function panics with and which functions were running.
func try(what string, f func()) {
	defer func() {
		r := recover()
		pcs := make([]uintptr, 20)
		frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
		fmt.Print(what, ": ", r)
		for {
			frame, more := frames.Next()
			if frame.Function == "main.try" || !more {
				break
			}
			if len(frame.Function) < 8 || frame.Function[:8] != "runtime." {
				fmt.Print(" ", frame.Function, ":", frame.Line)
			}
		}
		fmt.Println()
	}()
	f()
	fmt.Println(what, "ends well")
}

func main() {
	var none *point
	some := &point{items: []int{1, 2, 3}}
	var number *int
	try("getX", func() { none.getX() })
	try("set", func() { none.set(1, 2) })
	try("item", func() { some.item(3) })
	try("item of none", func() { none.item(0) })
	try("item of some", func() { fmt.Print(some.item(2), " ") })
	try("nextX", func() { some.nextX() })
	try("setNext", func() { some.setNext(7) })
	fmt.Println(some.x)
	try("part", func() { some.part(2, 1) })
	try("part", func() { some.part(0, 9) })
	try("divide", func() { divide(1, some.y) })
	try("shift", func() { shift(1, some.y-1) })
	try("larger", func() { fmt.Print(larger(3, 4), " ") })
	try("array", func() { fmt.Print(array(some.items), " ") })
	try("array", func() { fmt.Print(array(some.items[1:]), " ") })
	try("first", func() { fmt.Print(first("x"), " ") })
	try("first", func() { fmt.Print(first(""), " ") })
	try("deref", func() { deref(&number) })
	try("swap", func() { a, b := 1, 2; swap(&a, &b); fmt.Print(a, b, " ") })
	try("swap", func() { a := 1; swap(&a, number) })
	try("sum", func() { fmt.Print(sum([4]int{1, 2, 3, 4}, 3), " ") })
	try("sum", func() { fmt.Print(sum([4]int{1, 2, 3, 4}, len(some.items)+1), " ") })
	try("isNil", func() { fmt.Print(isNil(none), isNil(some), " ") })
	try("pick", func() { fmt.Print(*pick(true, some), *pick(false, some), " ") })
	try("pick", func() { fmt.Print(*pick(false, none)) })
	try("must", func() { fmt.Print(must(true, "well"), " ") })
	try("must", func() { fmt.Print(must(false, "ill"), " ") })
	try("twice", func() { fmt.Print(twice(true), " ") })
	try("twice", func() { fmt.Print(twice(false), " ") })
}
