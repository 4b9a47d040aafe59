package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

type object16 struct {
	next *object16
	id   uint64
}

type object32 struct {
	next *object32
	id   uint64
	_    [2]uint64
}

type object64 struct {
	next *object64
	id   uint64
	_    [6]uint64
}

var (
	sink16 *object16
	sink32 *object32
	sink64 *object64

	kept16 []*object16
	kept32 []*object32
	kept64 []*object64
)

const (
	// chain is the number of objects of a chain.
	chain = 128
	// hotChain is that of a chain that is timed, so few that most of them take no slow path.
	hotChain = 16
	// hotChains is how many are timed.
	hotChains = 1 << 16
)

func chain16(length int) {
	var head *object16
	for i := range uint64(length) {
		head = &object16{next: head, id: i}
	}
	sink16 = head
}

func chain32(length int) {
	var head *object32
	for i := range uint64(length) {
		head = &object32{next: head, id: i}
	}
	sink32 = head
}

func chain64(length int) {
	var head *object64
	for i := range uint64(length) {
		head = &object64{next: head, id: i}
	}
	sink64 = head
}

// alloc allocates chains of small objects, each chain garbage once the next is there, in a
// heap whose slots were left free in the pattern that occupancy names.
func alloc(r *report, size int, occupancy string, fill, churn int) {
	var allocate func(length int)
	switch size {
	case 16:
		allocate, kept16 = chain16, occupy[object16](occupancy, fill/size)
	case 32:
		allocate, kept32 = chain32, occupy[object32](occupancy, fill/size)
	case 64:
		allocate, kept64 = chain64, occupy[object64](occupancy, fill/size)
	default:
		panic(fmt.Sprintf("no object of %d bytes", size))
	}
	runtime.GC()

	chains := churn / (size * chain)
	cyclesBefore, cpuBefore, markBefore := cycles(), cpu(), markCPU()
	for range chains {
		allocate(chain)
	}
	spent, marking := cpu()-cpuBefore, markCPU()-markBefore
	r.Cycles = cycles() - cyclesBefore

	objects := float64(chains * chain)
	r.Figures["ns_total"] = float64(spent.Nanoseconds()) / objects
	r.Figures["ns_alloc"] = float64((spent - marking).Nanoseconds()) / objects
	hot := medianTime(func() { allocate(hotChain) }) - medianTime(func() {})
	r.Figures["ns_hot"] = float64(max(hot, 0)) / hotChain
}

// medianTime is the median time of a call in nanoseconds, with one reading of the clock.
func medianTime(f func()) int64 {
	times := make([]int64, hotChains)
	last := time.Now()
	for i := range times {
		f()
		now := time.Now()
		times[i] = now.Sub(last).Nanoseconds()
		last = now
	}
	slices.Sort(times)
	return times[hotChains/2]
}

// occupy fills the heap with count objects and drops none, a random half or every second.
func occupy[T any](occupancy string, count int) []*T {
	if occupancy == "empty" {
		return nil
	}
	kept := make([]*T, count)
	for i := range kept {
		kept[i] = new(T)
	}
	rng := random(1)
	for i := range kept {
		if occupancy == "half" && rng.below(2) == 0 || occupancy == "alternate" && i%2 == 0 {
			kept[i] = nil
		}
	}
	return kept
}
