package runtime

import (
	"internal/goarch"
	"unsafe"
)

// The heap dump of runtime/debug: its form is that of Go's heapdump.go. Objects and variables are written by the Rust half.
// What is not in it: stacks, types, and the finalizers of objects.

const (
	dumpTagEOF       = 0
	dumpTagGoroutine = 4
	dumpTagParams    = 6
	dumpTagMemStats  = 10
)

type heapDumper struct {
	fd  uintptr
	buf []byte
}

func (d *heapDumper) num(v uint64) {
	for ; v >= 0x80; v >>= 7 {
		d.buf = append(d.buf, byte(v)|0x80)
	}
	d.buf = append(d.buf, byte(v))
}

func (d *heapDumper) str(s string) {
	d.num(uint64(len(s)))
	d.buf = append(d.buf, s...)
}

func (d *heapDumper) flush() {
	for len(d.buf) > 0 {
		n := writeNative(d.fd, unsafe.Pointer(&d.buf[0]), int32(min(len(d.buf), 1<<20)))
		if n <= 0 {
			break
		}
		d.buf = d.buf[n:]
	}
	d.buf = d.buf[:0]
}

//go:linkname debug_WriteHeapDump runtime/debug.WriteHeapDump
func debug_WriteHeapDump(fd uintptr) {
	var m MemStats
	ReadMemStats(&m)
	d := &heapDumper{fd: fd}
	d.buf = append(d.buf, "go1.7 heap dump\n"...)
	d.num(dumpTagParams)
	d.num(0) // little-endian
	d.num(goarch.PtrSize)
	d.num(0)
	d.num(1<<63 - 1)
	d.str(GOARCH)
	d.str(buildVersion)
	d.num(uint64(ncpu()))
	d.flush()
	writeHeapObjects(fd)
	for _, gp := range allgs() {
		if status := gstatusNative(gp); status != gDead && status != gIdle {
			d.goroutine(gp, status)
		}
	}
	d.memStats(&m)
	d.num(dumpTagEOF)
	d.flush()
}

func (d *heapDumper) goroutine(gp *g, status uint32) {
	d.num(dumpTagGoroutine)
	d.num(uint64(uintptr(unsafe.Pointer(gp))))
	d.num(0) // its frames do not follow
	d.num(gp.goid)
	d.num(uint64(gp.gopc))
	d.num(uint64(status))
	if isSystemGoroutine(gp) {
		d.num(1)
	} else {
		d.num(0)
	}
	d.num(0)
	d.num(uint64(gp.waitsince))
	d.str(waitReason(gp.waitreason).String())
	for range 4 {
		d.num(0)
	}
}

func (d *heapDumper) memStats(m *MemStats) {
	d.num(dumpTagMemStats)
	for _, v := range [...]uint64{
		m.Alloc, m.TotalAlloc, m.Sys, m.Lookups, m.Mallocs, m.Frees,
		m.HeapAlloc, m.HeapSys, m.HeapIdle, m.HeapInuse, m.HeapReleased, m.HeapObjects,
		m.StackInuse, m.StackSys, m.MSpanInuse, m.MSpanSys, m.MCacheInuse, m.MCacheSys,
		m.BuckHashSys, m.GCSys, m.OtherSys, m.NextGC, m.LastGC, m.PauseTotalNs,
	} {
		d.num(v)
	}
	for _, v := range m.PauseNs {
		d.num(v)
	}
	d.num(uint64(m.NumGC))
}
