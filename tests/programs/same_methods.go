// Interfaces of different types with the same methods compare as what they hold.
package main

type (
	named          interface{ m() }
	other          interface{ m() }
	generic[T any] interface{ m() }
	counter        int
)

func (counter) m() {}

func through[T any](x interface{ m() }) generic[T] { return x }

func main() {
	var i named = counter(1)
	var j other = counter(1)
	var plain interface{ m() } = j
	i2 := named(plain)
	println(i == i2, i == named(j), plain == interface{ m() }(i))
	println(through[int](counter(1)) == counter(1), through[int](plain) == generic[int](i))
	var none named
	println(named(other(nil)) == none, other(none) == nil)
	e := any(plain)
	println(e.(named) == i, e.(other) == j)
}
