// Processes are started while the heap is collected all the time: in this one's memory, and in a copy of it, in which what a
// thread waits for never comes.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var quit atomic.Bool

type node struct {
	next *node
	_    [100]byte
}

func start(flags uintptr) error {
	attr := &os.ProcAttr{Sys: &syscall.SysProcAttr{Cloneflags: flags}}
	p, err := os.StartProcess("/bin/true", []string{"true"}, attr)
	if err != nil {
		return err
	}
	_, err = p.Wait()
	return err
}

func main() {
	debug.SetGCPercent(1)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			var own *node
			for i := 0; !quit.Load(); i++ {
				if own = (&node{next: own}); i%1000 == 0 {
					own = nil
				}
			}
		})
	}
	time.AfterFunc(time.Minute, func() { panic("a child hangs") })
	flags := uintptr(syscall.CLONE_NEWUSER)
	if start(flags) != nil {
		// A user may have no name spaces here. Then there are no copies.
		flags = 0
	}
	for i := range 100 {
		if err := start(flags * uintptr(i%2)); err != nil {
			fmt.Println(err)
		}
	}
	quit.Store(true)
	wg.Wait()
	fmt.Println("started")
}
