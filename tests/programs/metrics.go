// What the runtime tells of itself: the names and kinds of runtime/metrics, and what must hold between figures.
package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// figures are all metrics at a moment.
type figures map[string]metrics.Value

func read() figures {
	var samples []metrics.Sample
	for _, d := range metrics.All() {
		samples = append(samples, metrics.Sample{Name: d.Name})
	}
	metrics.Read(samples)
	all := figures{}
	for _, s := range samples {
		all[s.Name] = s.Value
	}
	return all
}

func (f figures) number(name string) float64 {
	if v := f[name]; v.Kind() == metrics.KindUint64 {
		return float64(v.Uint64())
	} else {
		return v.Float64()
	}
}

// sum adds up the metrics with a prefix but for one.
func (f figures) sum(prefix, but string) (sum float64) {
	for name := range f {
		if strings.HasPrefix(name, prefix) && name != but {
			sum += f.number(name)
		}
	}
	return
}

func (f figures) samples(name string) (n uint64) {
	h := f[name].Float64Histogram()
	check(len(h.Buckets) == len(h.Counts)+1, name, "has a bound too few or too many")
	for i, count := range h.Counts {
		n += count
		check(h.Buckets[i] < h.Buckets[i+1], name, "does not rise")
	}
	return
}

func check(ok bool, what ...any) {
	if !ok {
		fmt.Println(what...)
		os.Exit(1)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Max(a, 1) }

var (
	sink    []*[64]byte
	held    sync.Mutex
	working sync.WaitGroup
)

// work allocates, collects, lets goroutines wait for each other and runs a finalizer.
func work() {
	for range 4 {
		working.Go(func() {
			for range 300 {
				held.Lock()
				runtime.Gosched()
				sink = append(sink[:len(sink)%1000], new([64]byte))
				held.Unlock()
			}
		})
	}
	working.Wait()
	sink = nil
	done := make(chan bool, 2)
	for range 10 {
		large := new([100_000]byte)
		runtime.SetFinalizer(large, func(*[100_000]byte) {
			select {
			case done <- true:
			default:
			}
		})
		runtime.AddCleanup(new([100]int), func(int) {}, 0)
	}
	// Who runs meanwhile is held.
	var started, stop atomic.Bool
	working.Go(func() {
		for started.Store(true); !stop.Load(); {
		}
	})
	for !started.Load() {
		runtime.Gosched()
	}
	runtime.GC()
	stop.Store(true)
	working.Wait()
	<-done
}

func checkSums(f figures) {
	for _, total := range []string{"/memory/classes/total:bytes", "/gc/scan/total:bytes"} {
		prefix := total[:strings.LastIndex(total, "/")+1]
		check(f.number(total) == f.sum(prefix, total), total, f.number(total), f.sum(prefix, total))
	}
	cpu := f.number("/cpu/classes/gc/total:cpu-seconds")
	check(near(cpu, f.sum("/cpu/classes/gc/", "/cpu/classes/gc/total:cpu-seconds")), "gc cpu", cpu)
	scavenge := f.number("/cpu/classes/scavenge/total:cpu-seconds")
	check(near(scavenge, f.sum("/cpu/classes/scavenge/", "/cpu/classes/scavenge/total:cpu-seconds")), "scavenge cpu")
	rest := f.number("/cpu/classes/idle:cpu-seconds") + f.number("/cpu/classes/user:cpu-seconds")
	check(near(f.number("/cpu/classes/total:cpu-seconds"), cpu+scavenge+rest), "cpu", cpu, scavenge, rest)
	check(f.number("/gc/cycles/total:gc-cycles") == f.number("/gc/cycles/automatic:gc-cycles")+f.number("/gc/cycles/forced:gc-cycles"), "cycles")
	check(float64(f.samples("/gc/heap/allocs-by-size:bytes")) == f.number("/gc/heap/allocs:objects"), "allocs by size")
	check(float64(f.samples("/gc/heap/frees-by-size:bytes")) == f.number("/gc/heap/frees:objects"), "frees by size")
	check(f.samples("/gc/pauses:seconds") == f.samples("/sched/pauses/total/gc:seconds"), "pauses")
	for _, about := range []string{"gc", "other"} {
		check(f.samples("/sched/pauses/stopping/"+about+":seconds") <= f.samples("/sched/pauses/total/"+about+":seconds"), "stopping", about)
	}
}

// checkGrown checks that what is cumulative did not shrink.
func checkGrown(before, after figures) {
	for _, d := range metrics.All() {
		if !d.Cumulative {
			continue
		}
		if d.Kind != metrics.KindFloat64Histogram {
			check(after.number(d.Name) >= before.number(d.Name), d.Name, before.number(d.Name), after.number(d.Name))
			continue
		}
		a, b := before[d.Name].Float64Histogram(), after[d.Name].Float64Histogram()
		for i := range a.Counts {
			check(b.Counts[i] >= a.Counts[i] && a.Buckets[i] == b.Buckets[i], d.Name, i)
		}
	}
}

func checkMemStats() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f := read()
	check(m.Sys == m.HeapSys+m.StackSys+m.MSpanSys+m.MCacheSys+m.BuckHashSys+m.GCSys+m.OtherSys, "Sys", m.Sys)
	check(m.HeapSys == m.HeapIdle+m.HeapInuse, "HeapSys", m.HeapSys)
	check(m.HeapIdle >= m.HeapReleased && m.HeapInuse >= m.HeapAlloc && m.Alloc == m.HeapAlloc, "heap")
	check(m.HeapObjects == m.Mallocs-m.Frees && m.TotalAlloc >= m.Alloc, "objects")
	check(m.StackSys >= m.StackInuse && m.MSpanSys >= m.MSpanInuse && m.MCacheSys >= m.MCacheInuse, "in use")
	check(m.NumGC >= m.NumForcedGC && m.NumForcedGC >= 2 && m.NumGC < 256, "cycles", m.NumGC, m.NumForcedGC)
	var paused uint64
	for i, pause := range m.PauseNs {
		paused += pause
		check((uint32(i) < m.NumGC) == (m.PauseEnd[i] != 0), "pause", i, "of", m.NumGC)
	}
	check(paused == m.PauseTotalNs && paused > 0, "pauses", paused, m.PauseTotalNs)
	check(m.PauseEnd[(m.NumGC+255)%256] <= m.LastGC && m.LastGC <= uint64(time.Now().UnixNano()), "last", m.LastGC)
	check(time.Since(time.Unix(0, int64(m.LastGC))) < time.Minute, "last", m.LastGC)
	check(m.GCCPUFraction > 0 && m.GCCPUFraction < 1 && m.EnableGC && !m.DebugGC && m.Lookups == 0, "fields")
	check(m.NextGC > m.HeapAlloc/2, "next", m.NextGC)
	check(m.BySize[0].Size == 0 && m.BySize[1].Size == 8, "sizes")
	var mallocs, frees uint64
	for i, size := range m.BySize {
		check(i == 0 || size.Size > m.BySize[i-1].Size, "size", i)
		check(size.Mallocs >= size.Frees, "size", size)
		mallocs, frees = mallocs+size.Mallocs, frees+size.Frees
	}
	check(mallocs > 0 && mallocs <= m.Mallocs && frees > 0 && frees <= m.Frees, "by size", mallocs, m.Mallocs)
	check(f.number("/gc/heap/allocs:objects") >= float64(m.Mallocs-uint64(f.number("/gc/heap/tiny/allocs:objects"))), "allocs")
	check(f.number("/gc/cycles/total:gc-cycles") == float64(m.NumGC), "cycles")
	check(f.samples("/gc/pauses:seconds") > 0, "no pauses")

	var g debug.GCStats
	debug.ReadGCStats(&g)
	check(g.NumGC == int64(m.NumGC) && g.PauseTotal == time.Duration(m.PauseTotalNs), "ReadGCStats")
	check(len(g.Pause) == int(m.NumGC) && g.Pause[0] == time.Duration(m.PauseNs[(m.NumGC+255)%256]), "pauses", len(g.Pause))
	check(len(g.PauseEnd) == int(m.NumGC) && g.LastGC.UnixNano() == int64(m.LastGC), "ends", len(g.PauseEnd))
}

func main() {
	for _, d := range metrics.All() {
		v := read()[d.Name]
		fmt.Println(d.Name, d.Kind, d.Cumulative, v.Kind() == d.Kind)
	}
	unknown := []metrics.Sample{{Name: "/no/such:metric"}}
	metrics.Read(unknown)
	fmt.Println(unknown[0].Value.Kind() == metrics.KindBad)

	runtime.GC()
	before := read()
	checkSums(before)
	work()
	after := read()
	checkSums(after)
	checkGrown(before, after)
	work()
	last := read()
	checkGrown(after, last)
	for _, name := range []string{"/gc/cleanups/executed:cleanups", "/gc/finalizers/executed:finalizers", "/gc/heap/frees:objects",
		"/sched/goroutines-created:goroutines", "/cpu/classes/user:cpu-seconds", "/cpu/classes/gc/total:cpu-seconds"} {
		check(last.number(name) > before.number(name), name, "stays", last.number(name))
	}
	check(last.samples("/sched/latencies:seconds") > before.samples("/sched/latencies:seconds"), "nobody waited for a turn")
	for _, name := range []string{"/sched/threads/total:threads", "/sched/goroutines:goroutines", "/gc/stack/starting-size:bytes",
		"/memory/classes/other:bytes", "/memory/classes/heap/stacks:bytes", "/gc/heap/live:bytes", "/gc/scan/heap:bytes"} {
		check(last.number(name) > 0, name)
	}
	check(last.number("/gc/gogc:percent") == 100, "gogc")
	checkMemStats()
	fmt.Println("all hold")
}
