package main

import (
	"bytes"
	"os"
	"runtime/metrics"
	"strconv"
	"syscall"
	"time"
)

// cpu is the user and system time of the process so far.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// statusBytes reads a field of /proc/self/status given in kB.
func statusBytes(field string) uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, rest, _ := bytes.Cut(status, []byte(field))
	words := bytes.Fields(rest)
	kib, err := strconv.ParseUint(string(words[0]), 10, 64)
	if err != nil {
		panic(err)
	}
	return kib << 10
}

// markCPU is the CPU time the runtime says it spent marking, assists included,
// as of the last completed cycle.
func markCPU() time.Duration {
	samples := []metrics.Sample{
		{Name: "/cpu/classes/gc/mark/assist:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/dedicated:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/idle:cpu-seconds"},
	}
	metrics.Read(samples)
	var seconds float64
	for _, s := range samples {
		seconds += s.Value.Float64()
	}
	return time.Duration(seconds * float64(time.Second))
}

// runDelay tells how long a thread was ready to run while the kernel ran another.
type runDelay struct{ file *os.File }

// newRunDelay watches the calling thread, to which the goroutine must be locked.
func newRunDelay() runDelay {
	file, err := os.Open("/proc/thread-self/schedstat")
	if err != nil {
		panic(err)
	}
	return runDelay{file}
}

func (d runDelay) read() int64 {
	var buffer [96]byte
	n, err := syscall.Pread(int(d.file.Fd()), buffer[:], 0)
	if err != nil {
		panic(err)
	}
	words := bytes.Fields(buffer[:n])
	delay, err := strconv.ParseInt(string(words[1]), 10, 64)
	if err != nil {
		panic(err)
	}
	return delay
}

// random is xorshift64*, the generator all peers share.
type random uint64

func (r *random) next() uint64 {
	x := uint64(*r)
	x ^= x >> 12
	x ^= x << 25
	x ^= x >> 27
	*r = random(x)
	return x * 0x2545F4914F6CDD1D
}

// below returns a number in [0, n).
func (r *random) below(n int) int {
	return int((r.next() >> 32) * uint64(n) >> 32)
}
