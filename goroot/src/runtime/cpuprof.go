package runtime

import (
	"internal/abi"
	"internal/runtime/atomic"
	"unsafe"
)

// The profile of processor time. Samples are taken by the Rust half (crates/runtime/src/cpu_profile.rs); here they become
// the records that runtime/pprof reads (its addCPUData describes them).

var cpuprof struct {
	lock mutex
	hz   atomic.Int32 // 0 while no profile is made
	// A profile was made and is not read to its end.
	unread atomic.Bool
	// The record with the rate was read.
	begun bool
}

// cpuProfilePause is how long a reader waits for samples to come together, in nanoseconds.
const cpuProfilePause = 50e6

// maxCPUProfileFrames is how many frames of a stack the profile has at most.
const maxCPUProfileFrames = 64

// SetCPUProfileRate sets the CPU profiling rate to hz samples per second. If hz <= 0, it turns off profiling. If the
// profiler is on, the rate cannot be changed without first turning it off.
func SetCPUProfileRate(hz int) {
	hz = max(0, min(hz, 1000000))
	lock(&cpuprof.lock)
	busy := hz > 0 && cpuprof.unread.Load()
	if hz > 0 && !busy {
		cpuprof.begun = false
		cpuprof.unread.Store(true)
	}
	if !busy && (hz > 0 || cpuprof.hz.Load() > 0) {
		cpuprof.hz.Store(int32(hz))
		setCPUProfileRateNative(hz, abi.FuncPCABIInternal(_System))
	}
	unlock(&cpuprof.lock)
	if busy {
		print("runtime: cannot set cpu profile rate until previous profile has finished.\n")
	}
}

// _System stands for what workers do when they run no goroutine.
func _System() { _System() }

// CPUProfile panics; it exists for compatibility.
func CPUProfile() []byte { panic("CPUProfile no longer available") }

// pprof_readProfile returns records of the profile, at least one, with the labels of each; or eof, if the profile is over
// and all of it was read.
//
//go:linkname pprof_readProfile runtime/pprof.readProfile
func pprof_readProfile() (data []uint64, tags []unsafe.Pointer, eof bool) {
	if hz := cpuprof.hz.Load(); hz > 0 && !cpuprof.begun {
		cpuprof.begun = true
		return []uint64{3, uint64(nanotime()), uint64(hz)}, []unsafe.Pointer{nil}, false
	}
	var pcs [maxCPUProfileFrames]uintptr
	for {
		// Looked at before the samples: none comes after the end.
		ended := cpuprof.hz.Load() == 0
		for {
			n, labels, lost := nextCPUSample(pcs[:])
			if lost > 0 {
				data = append(data, 4, uint64(nanotime()), 0, uint64(lost))
				tags = append(tags, nil)
			}
			if n == 0 {
				break
			}
			data = append(data, uint64(3+n), uint64(nanotime()), 1)
			for _, pc := range pcs[:n] {
				data = append(data, uint64(pc))
			}
			tags = append(tags, labels)
		}
		if len(data) > 0 {
			return data, tags, false
		}
		if ended {
			cpuprof.unread.Store(false)
			return nil, nil, true
		}
		timeSleep(cpuProfilePause)
	}
}

//go:linkname pprof_cyclesPerSecond runtime/pprof.runtime_cyclesPerSecond
func pprof_cyclesPerSecond() int64 { return 1e9 }
