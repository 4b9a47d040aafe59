// Crash ends in the way that its argument names; without one it tells the names.
package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

type point struct{ x, y int }

func (p point) div(n int) int { return p.x / n }
func (p *point) second() int  { return p.y }

type named struct{ p point }

func (named) String() string { return "named!" }

type code int

func (c code) Error() string { return "code " + strconv.Itoa(int(c)) }

type (
	text  string
	ratio float64
)

type divider interface{ div(int) int }

type box[T any] struct{ value T }

func (b *box[T]) open() { panic("a box") }

func lookup[K comparable, V any](m map[K]V, k K) V { panic("lookup") }

func plain() { panic("plain") }

func with(a int, s string) { panic(fmt.Sprint(a, s)) }

func index(s []int, i int) int { return s[i] }

func deep(n int) int {
	if n == 0 {
		panic("deep")
	}
	return deep(n-1) + 1
}

func nilDivider() divider {
	var p *point
	return p
}

func deferred() {
	defer plain()
	panic("first")
}

// The position of a call in a statement of several lines is its own.
func lines() int {
	return one(1) +
		one(
			2) +
		deep(
			0)
}

func one(n int) int { return n }

var crashes = map[string]func(){
	"plain":   plain,
	"with":    func() { with(1, "x") },
	"index":   func() { index([]int{1, 2, 3}, 5) },
	"slice":   func() { s := []int{1, 2, 3}; _ = s[len(os.Args)+3:] },
	"array":   func() { s := []int{1}; _ = [2]int(s) },
	"nil":     func() { var p *point; p.second() },
	"wrapper": func() { nilDivider().div(1) },
	"divide":  func() { point{}.div(len(os.Args) - 2) },
	"shift":   func() { n := -len(os.Args); _ = 1 << n },
	"error":   func() { panic(errors.New("some error")) },
	"code":    func() { panic(code(7)) },
	"string":  func() { panic(named{}) },
	"int":     func() { panic(42) },
	"text":    func() { panic(text("a\nb")) },
	"ratio":   func() { panic(ratio(1.5)) },
	"float":   func() { panic(1.25) },
	"struct":  func() { panic(point{1, 2}) },
	"pointer": func() { panic(&point{}) },
	"several": func() { panic("line 1\nline 2\ngoroutine 7") },
	"none":    func() { panic(nil) },
	"generic": func() { lookup(map[string]int{}, "k") },
	"method":  func() { (&box[string]{}).open() },
	"closure": func() { func() { func() { panic("closure") }() }() },
	"second":  deferred,
	"again": func() {
		defer func() {
			panic(fmt.Sprint("again ", recover()))
		}()
		panic("first")
	},
	"repanic": func() {
		defer func() {
			panic(recover())
		}()
		panic("first")
	},
	"returns": func() {
		defer plain()
	},
	"prints": func() {
		defer fmt.Println("deferred")
		panic("x")
	},
	"goroutine": func() {
		go with(1, "y")
		time.Sleep(time.Minute)
	},
	"deadlock": func() { <-make(chan int) },
	"deadlock on a locked thread": func() {
		runtime.LockOSThread()
		<-make(chan int)
	},
	"asleep": func() {
		c := make(chan int)
		go func() {
			c <- 1
			c <- 2
		}()
		<-c
		var mu sync.Mutex
		mu.Lock()
		mu.Lock()
	},
	"group": func() {
		var group sync.WaitGroup
		group.Add(1)
		group.Wait()
	},
	"assert":    func() { var x any = 1; _ = x.(string) },
	"interface": func() { var x any = 1; _ = x.(fmt.Stringer) },
	"nothing":   func() { var x any; _ = x.(int) },
	"map":       func() { var m map[string]int; m["a"] = 1 },
	"close":     func() { var c chan int; close(c) },
	"closed":    func() { c := make(chan int); close(c); close(c) },
	"send":      func() { c := make(chan int); close(c); c <- 1 },
	"make":      func() { n := -len(os.Args); _ = make([]int, n) },
	"unlock":    func() { var mu sync.Mutex; mu.Unlock() },
	"deep":      func() { deep(200) },
	"lines":     func() { lines() },
	"exit":      func() { os.Exit(3) },
	"stack":     func() { debug.PrintStack() },
	"quiet":     func() { debug.SetTraceback("none"); plain() },
	"all": func() {
		debug.SetTraceback("all")
		go func() { select {} }()
		untilOneWaits()
		plain()
	},
	"main ends": func() { runtime.Goexit() },
	"main leaves another": func() {
		go func() { select {} }()
		runtime.Goexit()
	},
}

// untilOneWaits returns when a goroutine waits for nothing.
func untilOneWaits() {
	for stacks := make([]byte, 1<<16); !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "[select (no cases)]"); {
		time.Sleep(time.Millisecond)
	}
}

func main() {
	if len(os.Args) == 1 {
		for _, name := range slices.Sorted(maps.Keys(crashes)) {
			fmt.Println(name)
		}
		return
	}
	crashes[os.Args[1]]()
}
