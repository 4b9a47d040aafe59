// Leak starts goroutines that wait for a context, forgets some of them, and shows how a leaked goroutine is found: by
// their number, by a stack dump, and by the goroutine profile. Cancelling ends them, and what they held is freed.
//
// It exits with status 1 if one of these does not show it.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

const leaked = 10

// holdUntilDone keeps a megabyte until its context ends.
func holdUntilDone(ctx context.Context, started chan<- bool) {
	data := make([]byte, 1<<20)
	started <- true
	<-ctx.Done()
	data[0]++
}

func heapKB() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc / 1024
}

func main() {
	before := heapKB()
	ctx, cancel := context.WithCancel(context.Background())
	started := make(chan bool)
	for range leaked {
		go holdUntilDone(ctx, started)
		<-started
	}
	number := runtime.NumGoroutine()
	fmt.Printf("%d goroutines beside main\n", number-1)
	check(number == leaked+1, "the number of goroutines is wrong")

	held := heapKB() - before
	fmt.Printf("they hold %d MB\n", held/1024)
	check(held/1024 >= leaked-1, "what they hold is gone")

	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var profile strings.Builder
	pprof.Lookup("goroutine").WriteTo(&profile, 2)
	for name, text := range map[string]string{"runtime.Stack": string(stacks), "the goroutine profile": profile.String()} {
		check(strings.Count(text, "main.holdUntilDone(") == leaked, name+" does not show where they wait")
		check(strings.Count(text, "created by main.main") == leaked, name+" does not show where they were made")
		check(strings.Contains(text, "[chan receive]"), name+" does not show what they wait for")
	}
	fmt.Println("the stack dump and the profile show where each waits and where it was made")

	cancel()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > 1 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	check(runtime.NumGoroutine() == 1, "cancelling did not end them")
	after := heapKB()
	check(after < before+1024, "cancelling did not free what they held")
	fmt.Println("cancelled: they are gone, and what they held is free")
}

func check(ok bool, fault string) {
	if !ok {
		fmt.Println(fault)
		os.Exit(1)
	}
}
