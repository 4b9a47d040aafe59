// Parked has a hundred thousand goroutines wait, or as many as its argument says, and tells what memory the process takes
// meanwhile: resident pages and page tables, as Linux counts them.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

func main() {
	goroutines := 100_000
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		goroutines = n
	}
	stop := make(chan bool)
	var started, ended sync.WaitGroup
	for range goroutines {
		started.Add(1)
		ended.Add(1)
		go func() {
			defer ended.Done()
			started.Done()
			<-stop
		}()
	}
	started.Wait()
	kilobytes := memory()
	close(stop)
	ended.Wait()
	fmt.Println("memory_kb", kilobytes)
}

// memory is VmRSS + VmPTE in kilobytes.
func memory() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	sum := 0
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && (fields[0] == "VmRSS:" || fields[0] == "VmPTE:") {
			n, err := strconv.Atoi(fields[1])
			if err != nil {
				panic(err)
			}
			sum += n
		}
	}
	return sum
}
