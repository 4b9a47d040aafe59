package main

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	probePeriod = 200 * time.Microsecond
	churnPeriod = time.Millisecond
)

// record is 64 bytes; its payload is pointer-free.
type record struct {
	payload *[8]uint64
	key     uint64
	_       [6]uint64
}

var probed *record

// probe allocates a record at fixed times, beside a churn of fixed rate over a table of
// records, and takes each latency from the time at which it was due.
func probe(r *report, records, rate, millis int) {
	table := make([]*record, records)
	for i := range table {
		table[i] = newRecord(uint64(i))
	}
	runtime.GC()
	cyclesBefore := cycles()
	length := time.Duration(millis) * time.Millisecond
	start := time.Now()
	var group sync.WaitGroup
	if rate > 0 {
		group.Go(func() { churn(r, table, rate, start, length) })
	}
	for due := probePeriod; due < length; due += probePeriod {
		sleepUntil(start, due)
		probed = newRecord(uint64(due))
		r.Samples = append(r.Samples, (time.Since(start) - due).Nanoseconds())
	}
	group.Wait()
	r.Cycles = cycles() - cyclesBefore
	for _, rec := range table {
		if rec.payload[0] != rec.key {
			panic("a record was overwritten")
		}
	}
}

// churn replaces rate random records a second, in a burst each millisecond.
func churn(r *report, table []*record, rate int, start time.Time, length time.Duration) {
	rng := random(1)
	burst := rate / int(time.Second/churnPeriod)
	var replaced int
	for due := churnPeriod; due < length; due += churnPeriod {
		sleepUntil(start, due)
		for range burst {
			key := rng.next()
			table[rng.below(len(table))] = newRecord(key)
		}
		replaced += burst
	}
	r.Figures["churn_per_s"] = float64(replaced) / time.Since(start).Seconds()
}

// sleepUntil sleeps in the kernel, as the other peers do: time.Sleep would round most of these
// sleeps up to the millisecond of epoll_wait.
func sleepUntil(start time.Time, due time.Duration) {
	for left := due - time.Since(start); left > 0; left = due - time.Since(start) {
		pause := syscall.NsecToTimespec(left.Nanoseconds())
		if err := syscall.Nanosleep(&pause, nil); err != nil && err != syscall.EINTR {
			panic(err)
		}
	}
}

func newRecord(key uint64) *record {
	return &record{payload: &[8]uint64{key}, key: key}
}
