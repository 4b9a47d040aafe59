package runtime

import (
	"internal/profilerecord"
	"internal/runtime/atomic"
	_ "unsafe" // for go:linkname
)

// Profiles of waiting: where goroutines wait for each other, and who lets them wait by holding a mutex. Both are sampled at
// rates that the program sets; their unit of time, which Go calls cycles, is the nanosecond here.

// A contentionTable sums events up by the stacks that they have in common.
type contentionTable struct {
	lock    mutex
	buckets [179]*contentionBucket
}

type contentionBucket struct {
	next   *contentionBucket
	hash   uintptr
	count  float64
	cycles int64
	stack  []uintptr
}

var (
	blockTable contentionTable
	mutexTable contentionTable

	blockProfileRate     atomic.Int64
	mutexProfileFraction atomic.Int64
)

// SetBlockProfileRate controls the fraction of goroutine blocking events that are reported in the blocking profile. The
// profiler aims to sample an average of one blocking event per rate nanoseconds spent blocked.
func SetBlockProfileRate(rate int) { blockProfileRate.Store(int64(max(0, rate))) }

// SetMutexProfileFraction controls the fraction of mutex contention events that are reported in the mutex profile. On
// average 1/rate events are reported. The previous rate is returned. A rate of 0 turns profiling off; a negative one only
// reads.
func SetMutexProfileFraction(rate int) int {
	old := mutexProfileFraction.Load()
	if rate >= 0 {
		mutexProfileFraction.Store(int64(rate))
	}
	return int(old)
}

// blockStart returns the time at which a goroutine is about to wait, 0 if nobody wants to know.
func blockStart() int64 {
	if blockProfileRate.Load() > 0 {
		return nanotime()
	}
	return 0
}

// blockEnd notes that a goroutine has waited since start, if that is not 0. The first skip frames, the caller's the first of
// them, are left out.
//
//go:noinline
func blockEnd(start int64, skip int) {
	rate := blockProfileRate.Load()
	if start == 0 || rate <= 0 {
		return
	}
	cycles, count := max(1, nanotime()-start), 1.0
	if cycles < rate {
		// Short waits are sampled in proportion to their length, and stand for as many as that leaves out.
		if int64(cheaprandn(uint32(min(rate, 1<<31)))) > cycles {
			return
		}
		count = float64(rate) / float64(cycles)
		cycles = rate
	}
	blockTable.add(unwind(getfp()), skip, count, cycles)
}

// mutexStart returns the time at which a goroutine begins to wait for a mutex, 0 if that is not sampled.
func mutexStart() int64 {
	if rate := mutexProfileFraction.Load(); rate > 0 && cheaprandn(uint32(rate)) == 0 {
		return nanotime()
	}
	return 0
}

// mutexEnd notes that somebody has waited since start for the mutex that is given back. Frames are left out as by blockEnd.
//
//go:noinline
func mutexEnd(start int64, skip int) {
	rate := mutexProfileFraction.Load()
	if start == 0 || rate <= 0 {
		return
	}
	mutexTable.add(unwind(getfp()), skip, float64(rate), max(1, nanotime()-start)*rate)
}

// add counts events of the stack that u is about to visit, but for its first frames.
func (t *contentionTable) add(u unwinder, skip int, count float64, cycles int64) {
	var pcs [maxProfStack]uintptr
	n := u.callers(pcs[:], skip)
	hash := uintptr(n)
	for _, pc := range pcs[:n] {
		hash = hash*0x9e3779b1 ^ pc
	}
	first := &t.buckets[hash%uintptr(len(t.buckets))]
	// Nothing is allocated while the lock is held.
	var fresh *contentionBucket
	for {
		lock(&t.lock)
		b := *first
		for b != nil && !(b.hash == hash && equalStacks(b.stack, pcs[:n])) {
			b = b.next
		}
		if b == nil && fresh != nil {
			b = fresh
			b.next = *first
			*first = b
		}
		if b != nil {
			b.count += count
			b.cycles += cycles
			unlock(&t.lock)
			return
		}
		unlock(&t.lock)
		fresh = &contentionBucket{hash: hash, stack: append([]uintptr{}, pcs[:n]...)}
	}
}

func equalStacks(a, b []uintptr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// records fills p, if there is room for all.
func (t *contentionTable) records(p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	lock(&t.lock)
	for _, b := range t.buckets {
		for ; b != nil; b = b.next {
			n++
		}
	}
	if ok = n <= len(p); ok {
		i := 0
		for _, b := range t.buckets {
			for ; b != nil; b = b.next {
				p[i] = profilerecord.BlockProfileRecord{Count: max(1, int64(b.count)), Cycles: b.cycles, Stack: b.stack}
				i++
			}
		}
	}
	unlock(&t.lock)
	return n, ok
}

// profile is records for who has arrays for the stacks.
func (t *contentionTable) profile(p []BlockProfileRecord) (n int, ok bool) {
	records := make([]profilerecord.BlockProfileRecord, len(p))
	if n, ok = t.records(records); !ok {
		return n, false
	}
	for i, r := range records[:n] {
		p[i].Count, p[i].Cycles = r.Count, r.Cycles
		clear(p[i].Stack0[copy(p[i].Stack0[:], r.Stack):])
	}
	return n, true
}

// BlockProfile returns n, the number of records in the current blocking profile. If len(p) >= n, it copies the profile
// into p and returns n, true. If len(p) < n, it does not change p and returns n, false.
func BlockProfile(p []BlockProfileRecord) (n int, ok bool) { return blockTable.profile(p) }

// MutexProfile returns n, the number of records in the current mutex profile. If len(p) >= n, it copies the profile into p
// and returns n, true. Otherwise it does not change p, and returns n, false.
func MutexProfile(p []BlockProfileRecord) (n int, ok bool) { return mutexTable.profile(p) }

//go:linkname pprof_blockProfileInternal
func pprof_blockProfileInternal(p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	return blockTable.records(p)
}

//go:linkname pprof_mutexProfileInternal
func pprof_mutexProfileInternal(p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	return mutexTable.records(p)
}
