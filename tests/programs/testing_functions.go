// Package testing in a program that is no test.
package main

import (
	"flag"
	"fmt"
	"testing"
)

var sink []byte

func main() {
	testing.Init()
	flag.Parse()
	fmt.Println(testing.Short(), testing.Verbose(), testing.Testing(), testing.CoverMode() == "")
	fmt.Println(testing.AllocsPerRun(100, func() { sink = make([]byte, 10) }))
	fmt.Println(testing.AllocsPerRun(100, func() {}))
	r := testing.Benchmark(func(b *testing.B) {
		b.SetBytes(100)
		for b.Loop() {
			sink = make([]byte, 100)
		}
	})
	fmt.Println(r.N > 1000, r.AllocsPerOp(), r.AllocedBytesPerOp() >= 100, r.Bytes)
	failed := testing.Benchmark(func(b *testing.B) { b.Fail() })
	fmt.Println(failed.N, failed.T)
}
