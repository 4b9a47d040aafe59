// Interfaces, embedding and type switches.
package main

type shape interface {
	area() int
	name() string
}
type namer interface{ name() string }
type base struct{ title string }

func (b base) name() string       { return b.title }
func (b *base) rename(s string)   { b.title = s }

type square struct {
	base
	side int
}

func (s square) area() int { return s.side * s.side }

type tagged struct {
	*square
	namer
}

func (t tagged) name() string { return "tagged " + t.square.name() }

type word uintptr

func (w word) area() int    { return int(w) }
func (w word) name() string { return "word" }

type fn func() int

func (f fn) area() int    { return f() }
func (f fn) name() string { return "fn" }

type large struct{ v [6]int }

func (l large) area() int    { return l.v[5] }
func (l large) name() string { return "large" }

func describe(v any) {
	switch v := v.(type) {
	case nil:
		println("nil")
	case int, int8:
		_, is := v.(int)
		println("number", is)
	case shape:
		println("shape", v.name(), v.area())
	case namer:
		println("namer", v.name())
	case []int:
		println("slice", len(v))
	case func() string:
		println("func", v())
	case error:
		println("error", v.Error())
	case struct{ x int }:
		println("struct", v.x)
	default:
		println("unknown")
	}
}

type e struct{}

func (*e) Error() string { return "an error" }

func mayFail(fail bool) error {
	var p *e
	if fail {
		return p
	}
	return nil
}

func main() {
	sq := &square{base{"sq"}, 3}
	sq.rename("renamed")
	shapes := []shape{sq, *sq, word(7), fn(func() int { return 9 }), large{[6]int{5: 11}}, tagged{sq, nil}}
	total := 0
	for _, s := range shapes {
		total += s.area()
		println(s.name(), s.area())
	}
	println(total)
	describe(nil)
	describe(1)
	describe(int8(1))
	describe(sq)
	describe(base{"b"})
	describe([]int{1, 2})
	describe(func() string { return "called" })
	describe(struct{ x int }{6})
	describe(2.5)
	println(mayFail(false) == nil, mayFail(true) == nil)
	describe(mayFail(true))
	var s shape = word(7)
	println(s == shapes[2], s != shapes[0], s == word(7), any(s) == any(word(8)))
	n, ok := s.(namer)
	println(n.name(), ok)
	_, ok = any(1).(shape)
	println(ok)
	f := shape.area
	println(f(s))
	var i any = sq
	println(i.(*square).base.title, i.(shape).name())
	t := tagged{sq, base{"x"}}
	t.side = 5
	println(sq.side, t.square.area(), t.namer.name())
	for _, v := range []any{true, false, 1, nil} {
		switch {
		case v:
			println("holds true")
		default:
			println("does not")
		}
	}
}
