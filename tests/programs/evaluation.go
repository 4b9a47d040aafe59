// What is computed before a call that follows it, and where a nil interface is noticed.
package main

type speaker interface{ speak(int) int }

func say(what string, n int) int {
	println(what)
	return n
}

func try(what string, f func()) {
	defer func() {
		if err, ok := recover().(error); ok {
			println(what+":", err.Error())
		}
	}()
	f()
}

// Built-in functions and slices are computed in order with calls; plain variables after them.
func order() {
	s, text, c := make([]int, 1), "abc", 1+2i
	change := func() int {
		s, text, c = make([]int, 3), "xyz", 5+6i
		return 0
	}
	a, _, b := len(s), change(), len(s)
	println(a, b)
	s, text, c = make([]int, 1), "abc", 1+2i
	p, _, q := text[1:], change(), text[1:]
	println(p, q)
	s, text, c = make([]int, 1), "abc", 1+2i
	x, _, y := real(c), change(), imag(c)
	println(x, y)
	s, text, c = make([]int, 1), "abc", 1+2i
	v, w := string([]byte(text)), change()
	println(v, w)
}

func main() {
	order()
	var nobody speaker
	try("call of nobody", func() { nobody.speak(say("arguments first", 1)) })
	try("value of nobody", func() {
		f := nobody.speak
		f(say("not reached", 1))
	})
}
