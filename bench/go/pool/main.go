// Pool takes buffers from a sync.Pool in many goroutines and fills them.
package main

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func main() {
	var total atomic.Int64
	var group sync.WaitGroup
	for g := range 100 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range 20_000 {
				b := buffers.Get().(*bytes.Buffer)
				b.Reset()
				fmt.Fprintf(b, "%d:%d;", g, i)
				for range 20 {
					b.WriteString("some text to fill the buffer with, ")
				}
				total.Add(int64(b.Len()))
				buffers.Put(b)
			}
		}()
	}
	group.Wait()
	fmt.Println(total.Load())
}
