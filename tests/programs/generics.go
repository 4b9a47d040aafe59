// Generic functions, types and methods.
package main

type number interface {
	~int | ~int8 | ~uint16 | ~float64
}

func sum[T number](xs ...T) (t T) {
	for _, x := range xs {
		t += x
	}
	return
}

type list[T any] struct {
	head *node[T]
	size int
}

type node[T any] struct {
	value T
	next  *node[T]
}

func (l *list[T]) push(v T) *list[T] {
	l.head = &node[T]{v, l.head}
	l.size++
	return l
}

func (l *list[T]) each(yield func(int, T) bool) {
	i := 0
	for n := l.head; n != nil; n = n.next {
		if !yield(i, n.value) {
			return
		}
		i++
	}
}

func fold[T, A any](l *list[T], a A, f func(A, T) A) A {
	for _, v := range l.each {
		a = f(a, v)
	}
	return a
}

type shower interface{ show() string }
type id int

func (i id) show() string { return "id" }

func (i *id) set(n int) { *i = id(n) }

type setter[T any] interface {
	*T
	set(int)
}

func made[T any, P setter[T]](n int) T {
	var t T
	P(&t).set(n)
	return t
}

func showAll[S shower](xs []S) (out string) {
	for _, x := range xs {
		out += x.show() + ";"
	}
	return
}

func kind[T any](v T) string {
	switch any(v).(type) {
	case int:
		return "int"
	case string:
		return "string"
	case []T:
		return "slice of T"
	case shower:
		return "shower"
	}
	return "other"
}

func keys[M ~map[K]V, K comparable, V any](m M) (n int) {
	for range m {
		n++
	}
	return
}

func index[E comparable](s []E, e E) int {
	for i, x := range s {
		if x == e {
			return i
		}
	}
	return -1
}

type tree[K any] struct {
	left, right *tree[K]
	key         K
}

func (t *tree[K]) insert(k K, less func(a, b K) bool) *tree[K] {
	if t == nil {
		return &tree[K]{key: k}
	}
	if less(k, t.key) {
		t.left = t.left.insert(k, less)
	} else {
		t.right = t.right.insert(k, less)
	}
	return t
}

func (t *tree[K]) walk(f func(K)) {
	if t != nil {
		t.left.walk(f)
		f(t.key)
		t.right.walk(f)
	}
}

type pair[A, B any] struct {
	a A
	b B
}

func swap[A, B any](p pair[A, B]) pair[B, A] { return pair[B, A]{p.b, p.a} }

func main() {
	println(sum(1, 2, 3), sum[int8](100, 100), sum(0.5, 0.25) == 0.75, sum[uint16]())
	l := new(list[string]).push("a").push("b").push("c")
	println(fold(l, 0, func(n int, s string) int { return n*10 + len(s) }), l.size)
	println(fold(l, "", func(a, s string) string { return a + s }))
	println(showAll([]id{1, 2}), made[id](42))
	println(kind(1), kind("x"), kind([]int{}), kind(id(3)), kind(2.5))
	println(keys(map[string]int{"a": 1, "b": 2}), index([]string{"p", "q"}, "q"), index([]any{1, "q"}, any("q")))
	var t *tree[int]
	for _, k := range []int{5, 2, 8, 1, 9, 3} {
		t = t.insert(k, func(a, b int) bool { return a < b })
	}
	t.walk(func(k int) { print(k, " ") })
	println()
	p := swap(pair[int, string]{1, "one"})
	println(p.a, p.b)
	f := sum[int]
	println(f(4, 5))
	println(swap(pair[[2]int, error]{[2]int{3, 4}, nil}).b[1])
}
