// Functions that the compiler has to know: hashes of comparable values, comparisons in constant time.
package main

import (
	"crypto/subtle"
	"fmt"
	"hash/maphash"
)

type key struct {
	name string
	at   *int
}

func main() {
	seed := maphash.MakeSeed()
	x := 1
	fmt.Println(maphash.Comparable(seed, key{"a", &x}) == maphash.Comparable(seed, key{"a", &x}))
	fmt.Println(maphash.Comparable(seed, key{"a", &x}) == maphash.Comparable(seed, key{"b", &x}))
	fmt.Println(subtle.ConstantTimeCompare([]byte("abc"), []byte("abc")), subtle.ConstantTimeCompare([]byte("abc"), []byte("abd")))
	fmt.Println(subtle.ConstantTimeByteEq(3, 3), subtle.ConstantTimeEq(3, 4), subtle.ConstantTimeLessOrEq(3, 4), subtle.ConstantTimeSelect(1, 5, 6))
}
