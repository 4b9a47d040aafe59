// Goroutines that are wired to their threads.
package main

import (
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func init() { runtime.LockOSThread() }

// alone has a goroutine wired to its thread wait and give way often while others run; it gives whether the goroutine stayed
// on its thread, and whether anybody else was seen there.
func alone() (stayed bool, seen int) {
	wired, others := make(chan int), make(chan int)
	var stop atomic.Bool
	var group sync.WaitGroup
	var mine, strangers atomic.Int64
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for !stop.Load() {
				tid := mine.Load()
				if int64(syscall.Gettid()) == tid && mine.Load() == tid {
					strangers.Add(1)
				}
				runtime.Gosched()
			}
		}()
	}
	go func() {
		for n := range others {
			wired <- n + 1
		}
		close(wired)
	}()
	stayed = true
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		runtime.LockOSThread()
		tid := syscall.Gettid()
		mine.Store(int64(tid))
		for n := range 500 {
			others <- n
			stayed = stayed && <-wired == n+1 && syscall.Gettid() == tid
			if n == 250 {
				runtime.UnlockOSThread()
			}
			if n%100 == 0 {
				time.Sleep(time.Millisecond)
			}
			runtime.Gosched()
			stayed = stayed && syscall.Gettid() == tid
		}
		mine.Store(0)
		runtime.UnlockOSThread()
		done <- true
	}()
	<-done
	stop.Store(true)
	group.Wait()
	close(others)
	return stayed, int(strangers.Load())
}

// gone gives whether the thread of a goroutine that ends while it is wired ends too.
func gone() bool {
	tids := make(chan int)
	go func() {
		runtime.LockOSThread()
		tids <- syscall.Gettid()
	}()
	task := "/proc/self/task/" + strconv.Itoa(<-tids)
	for range 2000 {
		if _, err := os.Stat(task); err != nil {
			return true
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

// altered is the number of threads that may run on fewer processors than the first one after a goroutine has narrowed its
// own thread, which many others then need threads from: at most that one.
func altered() int {
	count := make(chan int)
	go func() {
		runtime.LockOSThread()
		mask := [16]uint64{1 << bits.TrailingZeros64(affinity(0)[0])}
		syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
		var group sync.WaitGroup
		for range 20 {
			group.Add(1)
			go func() {
				defer group.Done()
				pause := syscall.Timespec{Nsec: 20_000_000}
				syscall.Nanosleep(&pause, nil)
			}()
		}
		group.Wait()
		narrow := 0
		tasks, _ := os.ReadDir("/proc/self/task")
		for _, task := range tasks {
			tid, _ := strconv.Atoi(task.Name())
			// One that has ended meanwhile has no processors.
			if mask := affinity(tid); mask != affinity(os.Getpid()) && mask != [16]uint64{} {
				narrow++
			}
		}
		count <- narrow
	}()
	return <-count
}

// affinity is the set of processors that a thread may run on.
func affinity(tid int) (mask [16]uint64) {
	syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, uintptr(tid), unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
	return mask
}

func main() {
	fmt.Println("main is on the first thread:", syscall.Gettid() == os.Getpid())
	fmt.Println(alone())
	for range 20 {
		if !gone() {
			fmt.Println("a thread outlives its goroutine")
		}
	}
	fmt.Println("threads like an altered one:", altered() > 1)
	var group sync.WaitGroup
	for range 50 {
		group.Add(1)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			defer group.Done()
			tid := syscall.Gettid()
			time.Sleep(time.Millisecond)
			if syscall.Gettid() != tid {
				fmt.Println("a goroutine left its thread")
			}
		}()
	}
	group.Wait()
	// What the system keeps by thread changes on all of them.
	const setKeepCaps, getKeepCaps = 8, 7
	for _, value := range []uintptr{1, 0, 7} {
		_, _, err := syscall.AllThreadsSyscall(syscall.SYS_PRCTL, setKeepCaps, value, 0)
		var others atomic.Int64
		for range 50 {
			group.Go(func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				got, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, getKeepCaps, 0, 0)
				if got != value {
					others.Add(1)
				}
			})
		}
		group.Wait()
		fmt.Println(value, err, others.Load())
	}
	fmt.Println("main is on the first thread:", syscall.Gettid() == os.Getpid())
}
