// Command check is the Go side of `cargo xtask bench check`: what Trigo's front end does, done with go/build,
// go/parser and go/types from source.
//
//	check types ROOT all|named PACKAGE   type-check a package with all that it imports
//	check lex|parse ROOT ROUNDS          read every file below a folder on one core
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: check types ROOT all|named PACKAGE | check lex|parse ROOT ROUNDS"))
	}
	switch verb, root := os.Args[1], os.Args[2]; verb {
	case "types":
		fail(checkTypes(root, os.Args[3] == "all", os.Args[4]))
	default:
		rounds, err := strconv.Atoi(os.Args[3])
		fail(err)
		fail(read(verb, root, rounds))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
