// The order in which operands are evaluated.
package main

func say(s string, n int) int {
	println(s, n)
	return n
}

type pair struct{ a, b int }

func two() (int, int) { return say("two", 1), say("two", 2) }

func named() (n int) {
	defer func() { n *= 2 }()
	n = 4
	return n + 1
}

func main() {
	x := []int{1, 2, 3}
	i := 0
	i, x[i] = 1, 9
	println(i, x[0], x[1], x[2])
	x[say("index", 0)], x[say("index", 1)] = say("value", 7), say("value", 8)
	println(x[0], x[1])
	a, b := two()
	a, b = b, a
	println(a, b)
	p := &pair{1, 2}
	p.a, p.b = p.b, p.a
	println(p.a, p.b)
	n := 1
	bump := func() int { n++; return n }
	y := n + bump()
	println(y)
	sum := func(v ...int) int {
		t := 0
		for _, e := range v {
			t = t*10 + e
		}
		return t
	}
	println(sum(n, bump(), n, bump()))
	n += bump()
	println(n)
	println(named())
	var m map[string]int
	func() {
		defer func() { println("recovered", recover() != nil) }()
		m["k"] = say("before the panic", 1)
	}()
	func() {
		defer func() { println("recovered", recover() != nil) }()
		x[5] = say("before the index", 1)
	}()
	s := "a"
	f := func() string { s = "b"; return "c" }
	println(s + f())
	var q *pair
	func() {
		defer func() { println("recovered", recover() != nil) }()
		q.b = say("before the pointer", 1)
	}()
	arr := [3]int{1, 2, 3}
	for i, v := range arr {
		arr[2] = 10
		println(i, v)
	}
	for i, v := range &arr {
		arr[2] = 20
		println(i, v)
	}
}
