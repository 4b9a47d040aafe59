// Bubbles of testing/synctest: their time, what counts as waiting in them, and what must not be done from outside.
package main

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func times(t *testing.T) {
	start := time.Now()
	fmt.Println(start.UTC())
	time.Sleep(24 * time.Hour)
	fmt.Println(time.Since(start))
	timer := time.NewTimer(time.Minute)
	fmt.Println((<-timer.C).Sub(start))
	fmt.Println(timer.Reset(time.Second), timer.Stop(), timer.Stop())
	select {
	case <-timer.C:
		fmt.Println("expired")
	case <-time.After(time.Hour):
		fmt.Println("after", time.Since(start))
	}
	ticker := time.NewTicker(10 * time.Second)
	for range 3 {
		fmt.Println("tick", (<-ticker.C).Sub(start))
	}
	ticker.Stop()
	time.AfterFunc(5*time.Second, func() { fmt.Println("func", time.Since(start)) })
	time.Sleep(5 * time.Second)
	synctest.Wait()
	zero := time.NewTimer(0)
	select {
	case <-zero.C:
		fmt.Println("at once", time.Since(start))
	default:
		fmt.Println("not at once")
	}
}

func waiting(t *testing.T) {
	var mu sync.Mutex
	var order []int
	note := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, n)
	}
	c := make(chan int)
	var group sync.WaitGroup
	for i := range 5 {
		group.Go(func() {
			time.Sleep(time.Duration(5-i) * time.Second)
			note(i)
			c <- i
		})
	}
	done := false
	go func() {
		group.Wait()
		done = true
	}()
	synctest.Wait()
	fmt.Println(order, done)
	time.Sleep(10 * time.Second)
	synctest.Wait()
	fmt.Println(order, done)
	sum := 0
	for range 5 {
		sum += <-c
	}
	synctest.Wait()
	fmt.Println(sum, done)
}

func contexts(t *testing.T) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	called := false
	context.AfterFunc(ctx, func() { called = true })
	time.Sleep(5*time.Second - time.Nanosecond)
	synctest.Wait()
	fmt.Println(ctx.Err(), called)
	time.Sleep(time.Nanosecond)
	synctest.Wait()
	fmt.Println(ctx.Err(), called, time.Since(start))
	deadline, ok := t.Context().Deadline()
	fmt.Println(deadline, ok)
	t.Cleanup(func() { fmt.Println("cleanup", time.Since(start)) })
}

func conditions(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	woken := 0
	for range 3 {
		go func() {
			mu.Lock()
			cond.Wait()
			woken++
			mu.Unlock()
		}()
	}
	synctest.Wait()
	cond.Signal()
	synctest.Wait()
	fmt.Println(woken)
	cond.Broadcast()
	synctest.Wait()
	fmt.Println(woken)
}

func pulls(t *testing.T) {
	start := time.Now()
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := 0; ; i++ {
			time.Sleep(time.Second)
			if !yield(i) {
				return
			}
		}
	})
	defer stop()
	for range 3 {
		n, ok := next()
		fmt.Println(n, ok, time.Since(start))
	}
}

func pipes(t *testing.T) {
	a, b := make(chan int), make(chan int, 1)
	for range 20 {
		go func() {
			for n := range a {
				select {
				case b <- n * n:
				case <-time.After(time.Hour):
				}
			}
		}()
	}
	go func() {
		defer close(a)
		for i := range 1000 {
			a <- i
		}
	}()
	sum := 0
	for range 1000 {
		sum += <-b
	}
	synctest.Wait()
	fmt.Println(sum)
}

func ties(t *testing.T) {
	var first, second bool
	for range 1000 {
		a, b := time.NewTimer(1), time.NewTimer(1)
		select {
		case <-a.C:
			first = true
		case <-b.C:
			second = true
		}
		synctest.Wait()
	}
	fmt.Println(first, second)
}

func quick(t *testing.T) {
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() { time.Sleep(time.Duration(i%7) * time.Hour) })
	}
	group.Wait()
	synctest.Wait()
	if time.Now().UTC().Hour() != 6 {
		t.Error(time.Now())
	}
}

// bubble is a test that runs f in a bubble of its own.
func bubble(name string, f func(t *testing.T)) testing.InternalTest {
	return testing.InternalTest{Name: name, F: func(t *testing.T) {
		fmt.Println("--", name)
		synctest.Test(t, f)
	}}
}

func main() {
	tests := []testing.InternalTest{
		bubble("times", times),
		bubble("waiting", waiting),
		bubble("contexts", contexts),
		bubble("conditions", conditions),
		bubble("pulls", pulls),
		bubble("pipes", pipes),
		bubble("ties", ties),
	}
	for range 200 {
		tests = append(tests, testing.InternalTest{Name: "quick", F: func(t *testing.T) { synctest.Test(t, quick) }})
	}
	tests = append(tests, testing.InternalTest{Name: "outside", F: func(t *testing.T) {
		fmt.Println(time.Now().Year() > 2020)
	}})
	testing.Main(regexp.MatchString, tests, nil, nil)
}
