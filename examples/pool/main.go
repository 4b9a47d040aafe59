// Pool shows what sync.Pool saves: many goroutines take 4 KB buffers, with a pool and without.
//
// It prints how often New ran beside how often Get did, how many objects each version allocated, and that two
// collections empty the pool. It exits with status 1 if one of these is not as it should be.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	workers = 50
	rounds  = 2000
)

// size is a variable, because a buffer of constant size that nobody keeps would be on the stack.
var size = 4096

var made atomic.Int64

var bufferPool = sync.Pool{New: func() interface{} {
	made.Add(1)
	return make([]byte, 4096)
}}

// sink keeps the compiler from proving that a buffer is not needed.
var sink atomic.Int64

func use(buffer []byte, i int) {
	buffer[i%len(buffer)] = byte(i)
	sink.Add(int64(buffer[0]))
}

// mallocs runs f in every worker and tells how many objects that allocated.
func mallocs(f func(i int)) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var group sync.WaitGroup
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range rounds {
				f(i)
			}
		}()
	}
	group.Wait()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

func main() {
	pooled := mallocs(func(i int) {
		// What Get returned goes back as it is: a slice that is put into an interface anew would be an allocation.
		buffer := bufferPool.Get()
		use(buffer.([]byte), i)
		bufferPool.Put(buffer)
	})
	gets := int64(workers * rounds)
	fmt.Printf("with a pool: %d gets, %d of them made a new buffer, %d objects allocated\n", gets, made.Load(), pooled)

	plain := mallocs(func(i int) { use(make([]byte, size), i) })
	fmt.Printf("without:     %d buffers, %d objects allocated\n", gets, plain)

	bufferPool.Put(make([]byte, 4096))
	runtime.GC()
	runtime.GC()
	before := made.Load()
	bufferPool.Get()
	emptied := made.Load() > before
	fmt.Printf("after two collections the pool is empty: %v\n", emptied)

	if made.Load()*10 > gets || !emptied || plain < 10*pooled {
		fmt.Println("that is not what a pool does")
		os.Exit(1)
	}
}
