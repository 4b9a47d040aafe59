// The line of each cycle that GODEBUG=gctrace=1 prints: its form, and what must hold between its figures.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

const (
	ms = `(?:0|0\.\d{3}|0\.\d{2}|\d\.\d|\d{2,})`
	mb = `(\d+)`
)

var line = regexp.MustCompile(`^gc (\d+) @(\d+\.\d{3})s (\d+)%: ` +
	`(` + ms + `)\+(` + ms + `)\+(` + ms + `) ms clock, ` +
	`(` + ms + `)\+(` + ms + `)/(` + ms + `)/(` + ms + `)\+(` + ms + `) ms cpu, ` +
	mb + `->` + mb + `->` + mb + ` MB, ` + mb + ` MB goal, ` + mb + ` MB stacks, ` + mb + ` MB globals, (\d+) P( \(forced\))?$`)

var list [][]byte

// child makes 64 MB and forces two cycles, of which the second finds 32 MB less.
func child() {
	fill()
	runtime.GC()
	halve()
	runtime.GC()
}

//go:noinline
func fill() {
	for range 64 {
		list = append(list, make([]byte, 1<<20))
	}
}

//go:noinline
func halve() { clear(list[32:]) }

func number(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	check(err == nil, text)
	return n
}

func check(ok bool, what ...any) {
	if !ok {
		fmt.Println(what...)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) > 1 {
		child()
		return
	}
	command := exec.Command(os.Args[0], "child")
	command.Env = append(os.Environ(), "GODEBUG=gctrace=1", "GOMAXPROCS=1")
	var lines bytes.Buffer
	command.Stderr = &lines
	check(command.Run() == nil, "the child fails")
	var forced [][]string
	cycles, last := 0, 0.0
	for text := range strings.Lines(lines.String()) {
		m := line.FindStringSubmatch(strings.TrimSuffix(text, "\n"))
		check(m != nil, text)
		cycles++
		check(number(m[1]) == float64(cycles), "number", text)
		at, before := number(m[2]), last
		last = at
		check(at >= before && at < 60 && number(m[3]) <= 100, "time", text)
		clock := number(m[4]) + number(m[5]) + number(m[6])
		check(clock < 60_000, "clock", text)
		start, end, live := number(m[12]), number(m[13]), number(m[14])
		check(end >= start && live <= end, "heap", text)
		check(m[18] == "1", "processors", text)
		if m[19] != "" {
			forced = append(forced, m)
		}
	}
	check(len(forced) == 2, "forced", lines.String())
	for i, live := range []float64{64, 32} {
		m := forced[i]
		check(number(m[14]) >= live && number(m[14]) < live+4, "live", m[0])
	}
	check(number(forced[1][15]) >= 64 && number(forced[1][15]) < 256, "goal", forced[1][0])
	fmt.Println(cycles > 2, len(forced))
}
