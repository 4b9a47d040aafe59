//go:build linux && go1.21

package shapes

import (
	"fmt"
	. "math"
)
import _ "embed"

type Point struct {
	x, y float64
	*Named `json:"named"`
	list.Element[int]
	fmt.Stringer
	cells [4][...]byte
}

type (
	Set[K comparable, V any] map[K]V
	Pointers[P *C,]          []P
	Union[P *C | ~int]       struct{}
	Length                   [N * M]int
	Alias[T any]             = Set[T, struct{}]
)

type Visitor interface {
	Visit(n Node, _ ...any) (w Visitor, err error)
	~int | ~string
	comparable
	Walker[Node]
}

var (
	a chan int
	b chan<- (<-chan int)
	c chan (<-chan int)
	d <-chan chan<- func() (int, error)
	e = chan (func())(nil)
	f = (<-chan int)(a)
	g func(int, ...string) func()
)

//go:noinline
func (s Set[K, V]) Map[W any](f func(V) W) Set[K, W] { return nil }

//go:linkname external runtime.external
func external(a, b int, c string) (n int)
