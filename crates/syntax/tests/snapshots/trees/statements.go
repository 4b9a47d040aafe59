package flow

func loops(n int) {
outer:
	for i := range n {
		for range 3 {
			continue outer
		}
		for k, v = range m {
		}
		for i := 0; i < n; i++ {
			if x := f(i); x > 0 && !done {
				break
			} else if x == (T{1}) {
				goto end
			} else {
				x--
			}
		}
		for ; ; i <<= 1 {
		}
	}
end:
}

func choices(v any, c chan int) {
	switch x := v.(type) {
	case int, string:
	case nil:
		return
	default:
		_ = x
	}
	switch y := 1; {
	case y > 0:
		fallthrough
	case false:
		;
	}
	select {
	case c <- 1:
	case x, ok := <-c:
		go func() { defer close(c) }()
	default:
	}
	const (
		zero = iota
		one
	)
	var ()
	type local = int
	{
	}
}

func expressions() {
	a, b = b, a
	_ = - -x + +y - ^z&^w
	_ = & &x
	_ = f(xs...)[1:2:3].(T).field[int, string](0x_1p-2, 'a', `raw
text`, 1i)
	_ = []map[string]T{{"a": {1, 2}, "b": {}}, nil}
	_ = struct{ x int }{x: 1}
	_ = func(int) bool { return true }(1)
	*p <- <-q
	x.y[0] += 1 .String()
}
