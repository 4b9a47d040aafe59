// defer, panic and recover.
package main

type failure struct{ code int }

func (f failure) Error() string { return "failure" }

func try(name string, f func()) {
	defer func() {
		r := recover()
		switch r := r.(type) {
		case nil:
			println(name, "fine")
		case error:
			println(name, r.Error())
		case string:
			println(name, "string", r)
		case int:
			println(name, "int", r)
		default:
			println(name, "something else")
		}
	}()
	f()
}

func results() (a int, b string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = r.(error)
			a++
		}
	}()
	a, b = 41, "set"
	panic(failure{3})
}

func loop() {
	for i := range 3 {
		defer println("deferred", i)
	}
	defer func() {
		defer func() { println("inner", recover().(string)) }()
		panic("again")
	}()
	println("body")
}

func helper() any { return recover() }

func nested() {
	defer func() { println("outer sees", recover() != nil) }()
	defer func() { println("helper sees", helper() != nil) }()
	panic(1)
}

func rethrow() {
	defer func() {
		r := recover()
		panic(r.(string) + "!")
	}()
	panic("first")
}

type big [10]int

func bigResult() (r big) {
	defer func() {
		recover()
		r[9]++
	}()
	r[9] = 5
	var p *big
	r[0] = p[3]
	return
}

func main() {
	zero, neg := 0, -1
	s := []int{1, 2, 3}
	var a any = "text"
	var e error
	var m map[string]int
	try("nothing", func() {})
	try("string", func() { panic("oops") })
	try("int", func() { panic(7) })
	try("error", func() { panic(failure{1}) })
	try("divide", func() { println(1 / zero) })
	try("index", func() { println(s[len(s)+zero]) })
	try("negative", func() { println(s[neg]) })
	try("slice", func() { println(len(s[2:1+zero])) })
	try("cap", func() { println(len(s[:4+zero])) })
	try("shift", func() { println(1 << neg) })
	try("assert", func() { println(a.(int)) })
	try("assert nil", func() { println(e.(failure).code) })
	try("nil map", func() { m["a"] = 1 })
	try("nil func", func() { var f func(); f() })
	try("array", func() { println(len([4]int(s))) })
	try("make", func() { println(len(make([]int, neg))) })
	try("compare", func() { var x, y any = s, s; println(x == y) })
	try("key", func() { println(map[any]int{}[s]) })
	try("loop", loop)
	try("nested", nested)
	try("rethrow", rethrow)
	n, b, err := results()
	println(n, b, err.Error())
	r := bigResult()
	println(r[9])
}
