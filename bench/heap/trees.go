package main

type node struct{ left, right *node }

func bottomUp(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{bottomUp(depth - 1), bottomUp(depth - 1)}
}

func (n *node) count() int {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

// trees is the classic: a stretch tree, one long-lived tree, and many short-lived ones.
func trees(r *report, depth int) {
	const least = 4
	total := bottomUp(depth + 1).count()
	long := bottomUp(depth)
	for d := least; d <= depth; d += 4 {
		for range 1 << (depth - d + least) {
			total += bottomUp(d).count()
		}
	}
	total += long.count()
	r.Figures["nodes"] = float64(total)
}
