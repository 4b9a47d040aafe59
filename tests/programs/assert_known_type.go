package main

// A value whose type is known where it is asserted to interfaces: its methods are found all the same.

type number int

func (number) hidden(*number) {}
func (number) Shown(*number)  {}

func main() {
	var value any = number(0)
	_, hidden := value.(interface{ hidden(*number) })
	_, shown := value.(interface{ Shown(*number) })
	_, other := value.(interface{ hidden(number) })
	println(hidden, shown, other)
}
