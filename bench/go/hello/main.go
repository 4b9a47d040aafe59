// Hello measures how long a program takes to start and end.
package main

import "fmt"

func main() {
	fmt.Println("hello, world")
}
