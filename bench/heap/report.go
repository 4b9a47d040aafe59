package main

import (
	"encoding/json"
	"os"
	"runtime"
)

// report is what one run prints. Its fields and units are those of bench/src/report.rs.
type report struct {
	Figures map[string]float64 `json:"figures"`
	Cycles  uint64             `json:"cycles"`
	// PeakRSS is VmHWM in bytes.
	PeakRSS uint64 `json:"peak_rss"`
	// Samples are latencies in nanoseconds.
	Samples []int64 `json:"samples,omitempty"`
	// Pauses holds, for each mutator, start, length and run delay of every long operation.
	Pauses [][][3]int64 `json:"pauses,omitempty"`
	// Elapsed is the time over which Pauses were taken, in nanoseconds.
	Elapsed int64 `json:"elapsed,omitempty"`
}

func newReport() *report {
	return &report{Figures: map[string]float64{}}
}

func (r *report) print() error {
	if r.Cycles == 0 {
		r.Cycles = cycles()
	}
	r.PeakRSS = statusBytes("VmHWM:")
	return json.NewEncoder(os.Stdout).Encode(r)
}

// cycles is the number of collections completed so far.
func cycles() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return uint64(stats.NumGC)
}
