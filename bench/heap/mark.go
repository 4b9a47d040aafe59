package main

import (
	"runtime"
	"runtime/debug"
)

// object is 64 bytes with two pointers.
type object struct {
	left, right *object
	id          uint64
	_           [5]uint64
}

// live keeps a workload's object graph alive.
var live *object

// mark forces collections of a perfect binary tree and divides their CPU time by its objects.
func mark(r *report, log2 int, order string, forced int) {
	buildLive(log2, order)
	runtime.GC()
	before, cyclesBefore := cpu(), cycles()
	for range forced {
		runtime.GC()
	}
	spent := cpu() - before
	r.Cycles = cycles() - cyclesBefore
	objects := 1<<log2 - 1
	r.Figures["ns_object"] = float64(spent.Nanoseconds()) / float64(int(r.Cycles)*objects)
	checkLive(log2)
}

// buildLive makes a tree of 1<<log2 - 1 objects. In "order", the tree's preorder is the
// order of allocation; "shuffled", it is a random permutation of it.
func buildLive(log2 int, order string) {
	percent := debug.SetGCPercent(-1)
	if order == "shuffled" {
		objects := make([]*object, 1<<log2-1)
		for i := range objects {
			objects[i] = &object{}
		}
		rng := random(1)
		for i := len(objects) - 1; i > 0; i-- {
			j := rng.below(i + 1)
			objects[i], objects[j] = objects[j], objects[i]
		}
		live = link(objects, new(uint64))
	} else {
		live = grow(log2, new(uint64))
	}
	debug.SetGCPercent(percent)
}

// grow allocates a perfect tree in preorder and numbers its objects so.
func grow(log2 int, id *uint64) *object {
	if log2 == 0 {
		return nil
	}
	o := &object{id: *id}
	*id++
	o.left = grow(log2-1, id)
	o.right = grow(log2-1, id)
	return o
}

// link makes a perfect tree whose preorder is the order of the slice.
func link(objects []*object, id *uint64) *object {
	if len(objects) == 0 {
		return nil
	}
	o, rest := objects[0], objects[1:]
	o.id = *id
	*id++
	o.left = link(rest[:len(rest)/2], id)
	o.right = link(rest[len(rest)/2:], id)
	return o
}

// checkLive panics unless the whole tree is as it was built.
func checkLive(log2 int) {
	var next uint64
	live.check(&next)
	if next != 1<<log2-1 {
		panic("the live tree lost objects")
	}
}

func (o *object) check(next *uint64) {
	if o == nil {
		return
	}
	if o.id != *next {
		panic("an object of the live tree was overwritten")
	}
	*next++
	o.left.check(next)
	o.right.check(next)
}
