// Variables of size zero are where objects of size zero are.
package main

import "fmt"

var a, b [0]int
var c struct{}

//go:noinline
func object() *[0]int { return new([0]int) }

//go:noinline
func address(p *[0]int) *[0]int { return p }

func main() {
	fmt.Println(address(&a) == address(&b), address(&a) == object(), object() == object())
	s := make([]struct{}, 3)
	fmt.Println(len(s), &s[0] == &s[2], &s[1] == &c)
}
