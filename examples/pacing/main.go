// Pacing runs the same work under several settings of GOGC and under a memory limit, and prints what each costs: how many
// cycles, and how large the heap grew.
//
// It exits with status 1 if the figures do not move as Go's guide to the garbage collector says: a higher GOGC means
// fewer cycles and a larger heap, off means none, a limit bounds the heap when GOGC would not.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

type node struct {
	left, right *node
	payload     [4]int
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: tree(depth - 1), right: tree(depth - 1)}
}

// live keeps some 12 MB alive while garbage is made.
var live *node

type cost struct {
	cycles uint32
	peak   uint64
}

// work makes about 300 MB of garbage in small trees.
func work() cost {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	first, peak := m.NumGC, uint64(0)
	for range 400 {
		for range 24 {
			tree(8)
		}
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}
	return cost{m.NumGC - first, peak}
}

func main() {
	live = tree(17)
	var costs []cost
	for _, percent := range []int{50, 100, 400} {
		debug.SetGCPercent(percent)
		c := work()
		costs = append(costs, c)
		fmt.Printf("GOGC=%-4d %4d cycles, heap up to %4d MB\n", percent, c.cycles, c.peak>>20)
	}
	debug.SetGCPercent(-1)
	off := work()
	fmt.Printf("GOGC=off  %4d cycles, heap up to %4d MB\n", off.cycles, off.peak>>20)

	const limit = 128 << 20
	debug.SetMemoryLimit(limit)
	limited := work()
	fmt.Printf("GOGC=off, limit 128 MB: %d cycles, heap up to %d MB\n", limited.cycles, limited.peak>>20)

	check(costs[0].cycles > costs[1].cycles && costs[1].cycles > costs[2].cycles, "a higher GOGC did not mean fewer cycles")
	check(costs[0].peak < costs[2].peak, "a higher GOGC did not mean a larger heap")
	check(off.cycles == 0, "GOGC=off ran cycles")
	check(limited.cycles > 0 && limited.peak < limit+limit/8, "the limit did not hold")
	runtime.KeepAlive(live)
}

func check(ok bool, fault string) {
	if !ok {
		fmt.Println(fault)
		os.Exit(1)
	}
}
