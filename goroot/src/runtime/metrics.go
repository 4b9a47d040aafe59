package runtime

import "unsafe"

// Metrics, for package runtime/metrics. The Rust half has most of them; here are those of settings and of goroutines' states.
// A name that is not among them reads as a value of no kind, as that package says of names it does not know.

// A metricSample is a metrics.Sample.
type metricSample struct {
	name    string
	kind    int
	scalar  uint64
	pointer unsafe.Pointer
}

// A metricHistogram is a metrics.Float64Histogram.
type metricHistogram struct {
	counts []uint64
	bounds []float64
}

const (
	metricUint64 = 1 + iota
	metricFloat64
	metricFloat64Histogram
)

// A readMetric is a metric as the Rust half writes it (crates/runtime/src/natives/stats.rs). Its name is not in the heap.
type readMetric struct {
	name   string
	kind   int
	scalar uint64
	first  int // of a histogram, among all counts and bounds
	bounds int // there is one count less
}

// A metricList is what was read at a moment.
type metricList struct {
	metrics [96]readMetric
	counts  [1536]uint64
	bounds  [1536]float64
	len     int
}

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
	all := new(metricList)
	all.len = readMetricsNative(all.metrics[:], all.counts[:], all.bounds[:])
	lock(&godebugMetrics.lock)
	settings := godebugMetrics.read
	unlock(&godebugMetrics.lock)
	list := unsafe.Slice((*metricSample)(samples), cap)[:len]
	for i := range list {
		s := &list[i]
		if m := all.find(s.name); m != nil {
			s.set(m, all)
		} else if value, known := metricOfSetting(s.name, settings); known {
			s.setScalar(metricUint64, value)
		} else if value, known := metricOfStates(s.name); known {
			s.setScalar(metricUint64, value)
		} else if s.name == "/sync/mutex/wait/total:seconds" {
			seconds := float64(mutexWaitNanos.Load()) / 1e9
			s.setScalar(metricFloat64, *(*uint64)(unsafe.Pointer(&seconds)))
		} else {
			s.setScalar(0, 0)
		}
	}
}

func (l *metricList) find(name string) *readMetric {
	for i := range l.metrics[:l.len] {
		if m := &l.metrics[i]; m.name == name {
			return m
		}
	}
	return nil
}

func (s *metricSample) setScalar(kind int, value uint64) {
	s.kind, s.scalar, s.pointer = kind, value, nil
}

func (s *metricSample) set(m *readMetric, all *metricList) {
	if m.kind != metricFloat64Histogram {
		s.setScalar(m.kind, m.scalar)
		return
	}
	// A histogram that was read into the sample before is used again.
	h := (*metricHistogram)(s.pointer)
	if s.kind != m.kind || h == nil {
		h = new(metricHistogram)
		s.setScalar(m.kind, 0)
		s.pointer = unsafe.Pointer(h)
	}
	if len(h.bounds) != m.bounds {
		h.bounds = make([]float64, m.bounds)
	}
	if len(h.counts) != m.bounds-1 {
		h.counts = make([]uint64, m.bounds-1)
	}
	copy(h.bounds, all.bounds[m.first:])
	copy(h.counts, all.counts[m.first:])
}

func metricOfSetting(name string, settings map[string]func() uint64) (value uint64, known bool) {
	if read := settings[name]; read != nil {
		return read(), true
	}
	// What no package has registered changed nothing.
	const godebug = "/godebug/non-default-behavior/"
	return 0, len(name) > len(godebug) && name[:len(godebug)] == godebug
}

func metricOfStates(name string) (value uint64, known bool) {
	switch name {
	case "/sched/goroutines/runnable:goroutines":
		return goroutinesWith(gRunnable), true
	case "/sched/goroutines/running:goroutines":
		return goroutinesWith(gRunning), true
	case "/sched/goroutines/not-in-go:goroutines":
		return goroutinesWith(gSyscall), true
	case "/sched/goroutines/waiting:goroutines":
		return goroutinesWith(gWaiting), true
	}
	return 0, false
}

// goroutinesWith counts the goroutines, the runtime's own among them, that are in a state.
func goroutinesWith(state uint32) (n uint64) {
	for _, gp := range allgs() {
		if gstatusNative(gp) == state {
			n++
		}
	}
	return n
}
