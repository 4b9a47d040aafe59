// Names that mean something elsewhere: a method may be called init or main.
package main

type thing struct{ n int }

func (t *thing) init(n int) { t.n = n }

func (t thing) main() int { return t.n * 2 }

func init() { println("first init") }

func init() { println("second init") }

func main() {
	var t thing
	t.init(21)
	println(t.main())
}
