// Trees makes and drops binary trees of 16-byte nodes while a long-lived one stays.
package main

import "fmt"

type node struct{ left, right *node }

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{tree(depth - 1), tree(depth - 1)}
}

func (n *node) count() int {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

func main() {
	const most = 18
	fmt.Println("stretch", tree(most+1).count())
	long := tree(most)
	for depth := 4; depth <= most; depth += 2 {
		rounds := 1 << (most - depth + 4)
		sum := 0
		for range rounds {
			sum += tree(depth).count()
		}
		fmt.Println(rounds, depth, sum)
	}
	fmt.Println("long lived", long.count())
}
