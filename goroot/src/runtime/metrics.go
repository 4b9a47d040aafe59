package runtime

import "unsafe"

// Metrics, for package runtime/metrics: those that the collector's statistics give. A name that is not among them reads as
// a value of no kind, as that package says of names it does not know.

// A metricSample is a metrics.Sample.
type metricSample struct {
	name    string
	kind    int
	scalar  uint64
	pointer unsafe.Pointer
}

const metricUint64 = 1

// godebugMetrics counts how often settings of GODEBUG changed what a package does.
var godebugMetrics struct {
	lock mutex
	read map[string]func() uint64
}

//go:linkname godebug_registerMetric internal/godebug.registerMetric
func godebug_registerMetric(name string, read func() uint64) {
	lock(&godebugMetrics.lock)
	// The map's functions take no lock of the runtime's, and the old map stays as it is for who reads it.
	old := godebugMetrics.read
	read2 := make(map[string]func() uint64, len(old)+1)
	for name, read := range old {
		read2[name] = read
	}
	read2[name] = read
	godebugMetrics.read = read2
	unlock(&godebugMetrics.lock)
}

//go:linkname readMetrics runtime/metrics.runtime_readMetrics
func readMetrics(samples unsafe.Pointer, len, cap int) {
	var stats MemStats
	ReadMemStats(&stats)
	lock(&godebugMetrics.lock)
	counts := godebugMetrics.read
	unlock(&godebugMetrics.lock)
	list := unsafe.Slice((*metricSample)(samples), cap)[:len]
	for i := range list {
		s := &list[i]
		value, known := stats.metric(s.name)
		if read := counts[s.name]; read != nil {
			value, known = read(), true
		}
		s.kind, s.scalar, s.pointer = 0, 0, nil
		if known {
			s.kind, s.scalar = metricUint64, value
		}
	}
}

// metric returns the value of a metric by its name.
func (m *MemStats) metric(name string) (value uint64, known bool) {
	switch name {
	case "/gc/cycles/total:gc-cycles":
		return uint64(m.NumGC), true
	case "/gc/cycles/forced:gc-cycles":
		return uint64(m.NumForcedGC), true
	case "/gc/cycles/automatic:gc-cycles":
		return uint64(m.NumGC - m.NumForcedGC), true
	case "/gc/heap/allocs:bytes":
		return m.TotalAlloc, true
	case "/gc/heap/allocs:objects":
		return m.Mallocs, true
	case "/gc/heap/frees:bytes":
		return m.TotalAlloc - m.HeapAlloc, true
	case "/gc/heap/frees:objects":
		return m.Frees, true
	case "/gc/heap/goal:bytes":
		return m.NextGC, true
	case "/gc/heap/objects:objects":
		return m.HeapObjects, true
	case "/gc/gomemlimit:bytes":
		return uint64(setMemoryLimitNative(-1)), true
	case "/memory/classes/heap/free:bytes":
		return m.HeapIdle - min(m.HeapReleased, m.HeapIdle), true
	case "/memory/classes/heap/unused:bytes":
		return m.HeapInuse - min(m.HeapAlloc, m.HeapInuse), true
	case "/memory/classes/metadata/mcache/inuse:bytes":
		return m.MCacheInuse, true
	case "/memory/classes/metadata/mcache/free:bytes":
		return m.MCacheSys - m.MCacheInuse, true
	case "/memory/classes/metadata/mspan/inuse:bytes":
		return m.MSpanInuse, true
	case "/memory/classes/metadata/mspan/free:bytes":
		return m.MSpanSys - m.MSpanInuse, true
	case "/memory/classes/metadata/other:bytes":
		return m.GCSys, true
	case "/memory/classes/os-stacks:bytes":
		return m.StackSys - m.StackInuse, true
	case "/memory/classes/profiling/buckets:bytes":
		return m.BuckHashSys, true
	case "/memory/classes/other:bytes":
		return m.OtherSys, true
	case "/memory/classes/heap/objects:bytes":
		return m.HeapAlloc, true
	case "/memory/classes/heap/released:bytes":
		return m.HeapReleased, true
	case "/memory/classes/heap/stacks:bytes":
		return m.StackInuse, true
	case "/memory/classes/total:bytes":
		return m.Sys, true
	case "/sched/gomaxprocs:threads":
		return uint64(GOMAXPROCS(0)), true
	case "/sched/goroutines:goroutines":
		return goroutinesWith(gRunnable, gRunning, gSyscall, gWaiting), true
	case "/sched/goroutines/runnable:goroutines":
		return goroutinesWith(gRunnable), true
	case "/sched/goroutines/running:goroutines":
		return goroutinesWith(gRunning), true
	case "/sched/goroutines/not-in-go:goroutines":
		return goroutinesWith(gSyscall), true
	case "/sched/goroutines/waiting:goroutines":
		return goroutinesWith(gWaiting), true
	case "/cgo/go-to-c-calls:calls", "/gc/heap/tiny/allocs:objects":
		// There are none.
		return 0, true
	}
	// What no package has registered changed nothing.
	const godebug = "/godebug/non-default-behavior/"
	return 0, len(name) > len(godebug) && name[:len(godebug)] == godebug
}

// goroutinesWith counts the goroutines, the runtime's own among them, that are in one of these states.
func goroutinesWith(states ...uint32) (n uint64) {
	for _, gp := range allgs() {
		status := gstatusNative(gp)
		for _, s := range states {
			if status == s {
				n++
			}
		}
	}
	return n
}
