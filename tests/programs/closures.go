// Closures, what they capture, and loop variables.
package main

type counter struct{ n int }

func (c *counter) add(k int) int { c.n += k; return c.n }
func (c counter) get() int       { return c.n }

type adder interface{ add(int) int }

func apply(f func(int) int, n int) int { return f(n) }

func fib() func() int {
	a, b := 0, 1
	return func() int {
		r := a
		a, b = b, a+b
		return r
	}
}

func outer(x int) (f func() func() int) {
	big := [20]int{1, 2, 3}
	return func() func() int {
		y := x
		return func() int {
			y++
			x += big[2]
			return x*100 + y
		}
	}
}

func main() {
	f := fib()
	for range 10 {
		print(f(), " ")
	}
	println()
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { i += 10; return i })
	}
	for i := range 3 {
		fs = append(fs, func() int { return i })
	}
	for _, s := range []string{"x", "yy"} {
		fs = append(fs, func() int { return len(s) })
	}
	for _, g := range fs {
		print(g(), " ", g(), " ")
	}
	println()
	c := counter{5}
	m := c.add
	g := c.get
	println(m(1), m(2), g(), c.get(), apply(c.add, 3))
	h := (*counter).add
	println(h(&c, 4), counter.get(c))
	var a adder = &c
	k := a.add
	println(k(1), adder.add(a, 1))
	o := outer(7)
	p, q := o(), o()
	println(p(), p(), q())
	func() {
		defer func() { println("nil interface", recover() != nil) }()
		var n adder
		_ = n.add
	}()
	var rec func(n int) int
	rec = func(n int) int {
		if n == 0 {
			return 0
		}
		return n + rec(n-1)
	}
	println(rec(100))
	func(xs ...int) { println(len(xs), xs == nil) }()
}
