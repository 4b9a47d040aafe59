// Fannkuch flips pancakes: for each permutation of eleven, how many reversals of the first p bring a 1 to the front.
package main

import "fmt"

func fannkuch(n int) (checksum, most int) {
	perm, work, count := make([]int, n), make([]int, n), make([]int, n)
	for i := range perm {
		perm[i] = i
	}
	for r, even := n, true; ; even = !even {
		for ; r != 1; r-- {
			count[r-1] = r
		}
		copy(work, perm)
		flips := 0
		for first := work[0]; first != 0; first = work[0] {
			for i, j := 0, first; i < j; i, j = i+1, j-1 {
				work[i], work[j] = work[j], work[i]
			}
			flips++
		}
		most = max(most, flips)
		if even {
			checksum += flips
		} else {
			checksum -= flips
		}
		for ; ; r++ {
			if r == n {
				return checksum, most
			}
			first := perm[0]
			copy(perm[:r], perm[1:r+1])
			perm[r] = first
			count[r]--
			if count[r] > 0 {
				break
			}
		}
	}
}

func main() {
	fmt.Println(fannkuch(11))
}
