// Sort sorts numbers by a generic function, strings by a comparison function and records through an interface.
package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// random is a xorshift generator: the same numbers everywhere.
type random uint64

func (r *random) next() uint64 {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return uint64(*r)
}

type record struct {
	key  uint64
	name string
}

type byKey []record

func (s byKey) Len() int           { return len(s) }
func (s byKey) Less(i, j int) bool { return s[i].key < s[j].key }
func (s byKey) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

func main() {
	const n = 600_000
	r := random(88172645463325252)
	numbers := make([]int, n)
	words := make([]string, n/4)
	records := make([]record, n/2)
	for i := range numbers {
		numbers[i] = int(r.next() >> 1)
	}
	for i := range words {
		words[i] = fmt.Sprintf("%x", r.next()%100_000)
	}
	for i := range records {
		records[i] = record{r.next(), "r"}
	}
	for range 3 {
		a := slices.Clone(numbers)
		slices.Sort(a)
		b := slices.Clone(words)
		slices.SortFunc(b, strings.Compare)
		c := slices.Clone(records)
		sort.Sort(byKey(c))
		fmt.Println(a[0], a[n/2], b[0], b[len(b)/2], c[0].key, c[len(c)/2].key)
	}
}
