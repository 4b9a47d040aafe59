//! What every generated program begins with.

/// Packages, of which every program uses each.
pub const IMPORTS: &str = r#"
import (
	"fmt"
	"strconv"
	"sync"
)
"#;

/// Helpers that keep expressions from panicking, hide constants, and report.
pub const TEXT: &str = r#"
var _ = fmt.Sprint
var _ = strconv.Itoa
var _ sync.Mutex

func id[T any](x T) T { return x }

func at(i, n int) int {
	if i %= n; i < 0 {
		i += n
	}
	return i
}

func get[T any](s []T, i int) (x T) {
	if len(s) == 0 {
		return x
	}
	return s[at(i, len(s))]
}

func cut(s string, i, j int) string {
	if len(s) == 0 {
		return s
	}
	i, j = at(i, len(s)), at(j, len(s))
	if i > j {
		i, j = j, i
	}
	return s[i:j]
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

func div[T integer](x, y T) T {
	if y == 0 {
		return x
	}
	return x / y
}

func rem[T integer](x, y T) T {
	if y == 0 {
		return x
	}
	return x % y
}

func clip(s string) string { return s[:min(len(s), 60)] }

func trim[T any](s []T) []T {
	if len(s) > 40 {
		return s[:40:40]
	}
	return s
}

func tight[T any](s []T) []T { return s[:len(s):len(s)] }

func whole(x float64) int {
	if x > -1e15 && x < 1e15 {
		return int(x)
	}
	return -1
}

func areaOf(s shape) int {
	if s == nil {
		return -1
	}
	return s.area()
}

func nameOf(s shape) string {
	if s == nil {
		return "none"
	}
	return s.name()
}

func present(s shape) shape {
	if s == nil {
		return square(9)
	}
	return s
}

func counter(n int) func() int {
	return func() int {
		n++
		return n
	}
}

func each[T, U any](s []T, f func(T) U) []U {
	var out []U
	for _, x := range s {
		out = append(out, f(x))
	}
	return out
}

func fold[T, U any](s []T, u U, f func(U, T) U) U {
	for _, x := range s {
		u = f(u, x)
	}
	return u
}

type pair[A, B any] struct {
	first  A
	second B
}

func (p pair[A, B]) swap() pair[B, A] { return pair[B, A]{p.second, p.first} }

type stack[T any] struct{ items []T }

func (s *stack[T]) push(x T) { s.items = append(s.items, x) }

func (s *stack[T]) pop() (x T, ok bool) {
	if len(s.items) == 0 {
		return x, false
	}
	x = s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return x, true
}

func (s *stack[T]) all(yield func(int, T) bool) {
	for i, x := range s.items {
		if !yield(i, x) {
			return
		}
	}
}

type shape interface {
	area() int
	name() string
}

type square int

func (s square) area() int    { return int(s) * int(s) }
func (s square) name() string { return "square" }

type box struct{ w, h int }

func (b *box) area() int    { return b.w * b.h }
func (b *box) name() string { return "box" }

type inner struct{ level int }

func (i inner) depth() int { return i.level + 1 }

type crate struct {
	box
	inner
	weight int8
}

type tree[T any] struct {
	left, right *tree[T]
	key         int
	value       T
}

func (t *tree[T]) insert(key int, value T) *tree[T] {
	if t == nil {
		return &tree[T]{key: key, value: value}
	}
	switch {
	case key < t.key:
		t.left = t.left.insert(key, value)
	case key > t.key:
		t.right = t.right.insert(key, value)
	default:
		t = &tree[T]{t.left, t.right, key, value}
	}
	return t
}

func (t *tree[T]) depth() int {
	if t == nil {
		return 0
	}
	return 1 + max(t.left.depth(), t.right.depth())
}

func (t *tree[T]) all(yield func(int, T) bool) { t.each(yield) }

func (t *tree[T]) each(yield func(int, T) bool) bool {
	return t == nil || t.left.each(yield) && yield(t.key, t.value) && t.right.each(yield)
}

type labelled struct {
	shape
	label string
}

func (l labelled) name() string { return l.label + ":" + l.shape.name() }

type failure struct{ code int }

func (f failure) Error() string { return "failure" }

func protect(name string, f func()) {
	defer func() {
		switch r := recover().(type) {
		case nil:
			println(name, "ends")
		case failure:
			println(name, "fails", r.code)
		case error:
			println(name, "stops:", r.Error())
		case string:
			println(name, "panics:", r)
		case int:
			println(name, "panics with", r)
		default:
			println(name, "panics otherwise")
		}
	}()
	f()
}

func mix(h, x uint64) uint64 {
	h ^= x
	h *= 0x100000001b3
	return h ^ h>>29
}
"#;
