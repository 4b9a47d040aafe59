// Finalizers gives back memory that the collector knows nothing about: each object owns a page from the operating
// system. Half of the objects give it back by a finalizer, half by a cleanup.
//
// It exits with status 1 if a page is given back twice or while its object is reachable, or if more than ten of the
// dropped objects keep theirs.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	dropped = 10000
	kept    = 100
	page    = 4096
)

type owner struct {
	memory []byte
	number int
}

// state counts for each object how often its page was given back.
var state [dropped + kept]atomic.Int32

var released atomic.Int64

func release(memory []byte, number int) {
	if state[number].Add(1) != 1 {
		fail("page %d was given back twice", number)
	}
	if err := syscall.Munmap(memory); err != nil {
		fail("page %d: %v", number, err)
	}
	released.Add(1)
}

func newOwner(number int) *owner {
	memory, err := syscall.Mmap(-1, 0, page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		fail("mmap: %v", err)
	}
	memory[0] = byte(number)
	o := &owner{memory, number}
	if number%2 == 0 {
		runtime.SetFinalizer(o, func(o *owner) { release(o.memory, o.number) })
	} else {
		type page struct {
			memory []byte
			number int
		}
		runtime.AddCleanup(o, func(p page) { release(p.memory, p.number) }, page{memory, number})
	}
	return o
}

func dropMany() {
	for number := range dropped {
		newOwner(kept + number)
	}
}

func main() {
	var keep []*owner
	for number := range kept {
		keep = append(keep, newOwner(number))
	}
	dropMany()
	deadline := time.Now().Add(20 * time.Second)
	for released.Load() < dropped && time.Now().Before(deadline) {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
		if released.Load() >= dropped-10 {
			break
		}
	}
	for _, o := range keep {
		if state[o.number].Load() != 0 || o.memory[0] != byte(o.number) {
			fail("page %d was given back while its object is in use", o.number)
		}
	}
	left := dropped - released.Load()
	fmt.Printf("%d objects dropped, at most 10 still hold their page: %v\n", dropped, left <= 10)
	fmt.Printf("%d objects kept, each with its page\n", len(keep))
	if left > 10 {
		fail("%d pages were not given back", left)
	}
	runtime.KeepAlive(keep)
}

func fail(format string, args ...any) {
	fmt.Printf(format+"\n", args...)
	os.Exit(1)
}
