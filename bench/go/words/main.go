// Words counts words in a map, and iterates over it.
package main

import (
	"fmt"
	"sort"
	"strings"
)

func main() {
	var text strings.Builder
	seed := uint32(1)
	for range 400_000 {
		seed = seed*1664525 + 1013904223
		fmt.Fprintf(&text, "w%d ", (seed>>8)%(1+(seed>>16)%50_000))
	}
	words := strings.Fields(text.String())
	for range 5 {
		counts := make(map[string]int)
		for _, word := range words {
			counts[word]++
		}
		byCount := make([]string, 0, len(counts))
		for word := range counts {
			byCount = append(byCount, word)
		}
		sort.Slice(byCount, func(i, j int) bool {
			a, b := byCount[i], byCount[j]
			return counts[a] > counts[b] || counts[a] == counts[b] && a < b
		})
		fmt.Println(len(counts), byCount[0], counts[byCount[0]], byCount[100], counts[byCount[100]])
	}
}
