// Command heap is the Go side of Trigo's heap benchmark: one workload a run, in the shape
// that bench/src/job.rs describes, its figures printed as one line of JSON.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "heap:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("name a workload: trees, mark, alloc, holds, probe or return")
	}
	p := &params{args: args[1:]}
	var work func(*report)
	switch args[0] {
	case "trees":
		depth := p.int()
		work = func(r *report) { trees(r, depth) }
	case "mark":
		log2, order, cycles := p.int(), p.word(), p.int()
		work = func(r *report) { mark(r, log2, order, cycles) }
	case "alloc":
		size, occupancy, fill, churn := p.int(), p.word(), p.int(), p.int()
		work = func(r *report) { alloc(r, size, occupancy, fill<<20, churn<<20) }
	case "holds":
		log2, millis := p.int(), p.int()
		work = func(r *report) { holds(r, log2, millis) }
	case "probe":
		records, rate, millis := p.int(), p.int(), p.int()
		work = func(r *report) { probe(r, records, rate, millis) }
	case "return":
		log2, settle, window := p.int(), p.int(), p.int()
		work = func(r *report) { giveBack(r, log2, settle, window) }
	default:
		return fmt.Errorf("unknown workload %q", args[0])
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w", args[0], p.err)
	}
	r := newReport()
	work(r)
	return r.print()
}

// params reads positional arguments and remembers the first that is missing or malformed.
type params struct {
	args []string
	err  error
}

func (p *params) word() string {
	if len(p.args) == 0 {
		if p.err == nil {
			p.err = fmt.Errorf("too few arguments")
		}
		return ""
	}
	word := p.args[0]
	p.args = p.args[1:]
	return word
}

func (p *params) int() int {
	n, err := strconv.Atoi(p.word())
	if err != nil && p.err == nil {
		p.err = err
	}
	return n
}
