// Loops over everything.
package main

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		defer println("iterator done", n)
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

func find(n, want int) (at int, ok bool) {
	for i := range upTo(n) {
		if i == want {
			return i, true
		}
	}
	return -1, false
}

func unnamed(n int) (int, string) {
	for i := range upTo(n) {
		for j := range upTo(n) {
			if i*j == 2 {
				return i*10 + j, "found"
			}
		}
	}
	return 0, "missing"
}

func nest() {
outer:
	for i := range upTo(4) {
		for j := range upTo(4) {
			if j == 2 {
				continue outer
			}
			if i == 2 {
				break outer
			}
			println(i, j)
		}
	}
	println("after")
}

func deferring() {
	for i := range upTo(2) {
		defer println("deferred by the body", i)
	}
	println("function's end")
}

func jump() {
	for i := range upTo(3) {
		if i == 1 {
			goto out
		}
		println("jump", i)
	}
	println("not here")
out:
	println("out")
}

func misuse() {
	defer func() { println(recover().(error).Error()) }()
	var kept func(int) bool
	for i := range func(yield func(int) bool) { kept = yield; yield(1) } {
		println("kept", i)
	}
	kept(2)
}

func main() {
	for i, r := range "aé世\xff!" {
		print(i, ":", r, " ")
	}
	println()
	for i := range 3 {
		print(i, " ")
	}
	for i := range uint8(3) {
		print(i, " ")
	}
	println()
	m := map[int]string{1: "a", 2: "b", 3: "c"}
	n, text := 0, 0
	for k, v := range m {
		n += k
		text += int(v[0])
		if k == 2 {
			delete(m, 2)
		}
	}
	println(n, text, len(m))
	ch := make(chan int, 3)
	ch <- 1
	ch <- 2
	close(ch)
	for v := range ch {
		print(v, " ")
	}
	println()
	at, ok := find(5, 3)
	println(at, ok)
	at, ok = find(2, 3)
	println(at, ok)
	a, b := unnamed(4)
	println(a, b)
	nest()
	deferring()
	jump()
	misuse()
	var x struct{ i int }
	for x.i = range 4 {
	}
	println(x.i)
	for range upTo(1) {
		println("once")
	}
	i := 0
loop:
	if i < 3 {
		i++
		goto loop
	}
	println(i)
	switch {
	case i == 3:
		println("three")
		fallthrough
	case i == 4:
		println("four")
	default:
		println("default")
	}
	switch i {
	case 1, 2:
		println("small")
	case 3:
		for {
			break
		}
		println("three again")
	}
	switch s := "key"; s {
	case "other":
	case "key":
		println("key")
	}
}
