package main

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// ringSize is how many objects each mutator keeps.
	ringSize = 4096
	// holdsPercent is GOGC, low so that the run sees several cycles.
	holdsPercent = 25
	// stretch is the number of operations between two readings of the run delay.
	stretch = 64
	// pauseFloor is the length in nanoseconds from which an operation counts as a pause.
	pauseFloor = 5000
)

// holds lets two mutators replace objects beside a large shuffled tree and times every
// operation.
func holds(r *report, log2, millis int) {
	buildLive(log2, "shuffled")
	debug.SetGCPercent(holdsPercent)
	runtime.GC()
	cyclesBefore := cycles()
	var group sync.WaitGroup
	var mutators [2]mutator
	start := time.Now()
	for i := range mutators {
		group.Go(func() {
			mutators[i].run(uint64(i+1), start, time.Duration(millis)*time.Millisecond)
		})
	}
	group.Wait()
	r.Elapsed = time.Since(start).Nanoseconds()
	r.Cycles = cycles() - cyclesBefore
	var longest, longestOwn, delayed int64
	for i := range mutators {
		m := &mutators[i]
		r.Figures["operations"] += float64(m.operations)
		r.Pauses = append(r.Pauses, m.pauses)
		delayed += m.delayed
		for _, p := range m.pauses {
			longest = max(longest, p[1])
			longestOwn = max(longestOwn, p[1]-min(p[1], p[2]))
		}
	}
	r.Figures["op_max_us"] = float64(longest) / 1e3
	r.Figures["op_max_own_us"] = float64(longestOwn) / 1e3
	r.Figures["run_delay_ms"] = float64(delayed) / 1e6
	checkLive(log2)
}

type mutator struct {
	ring       [ringSize]*object
	operations int
	delayed    int64
	pauses     [][3]int64
}

func (m *mutator) run(seed uint64, start time.Time, length time.Duration) {
	runtime.LockOSThread()
	delay := newRunDelay()
	rng := random(seed)
	first := delay.read()
	before := first
	last := time.Since(start)
	for last < length {
		for range stretch {
			m.ring[rng.below(ringSize)] = &object{left: live.left, id: uint64(m.operations)}
			m.operations++
			now := time.Since(start)
			if took := (now - last).Nanoseconds(); took > pauseFloor {
				after := delay.read()
				m.pauses = append(m.pauses, [3]int64{last.Nanoseconds(), took, after - before})
				before = after
				now = time.Since(start)
			}
			last = now
		}
		before = delay.read()
		last = time.Since(start)
	}
	m.delayed = delay.read() - first
}
