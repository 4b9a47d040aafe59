package runtime

import _ "unsafe" // for go:linkname

// Execution traces: there are none. StartTrace says so, and what is only done while one is taken is never done.

// StartTrace enables tracing for the current process.
func StartTrace() error { return errorString("execution traces are not supported by Trigo") }

// StopTrace stops tracing, if it was previously enabled.
func StopTrace() {}

// ReadTrace returns the next chunk of binary tracing data; nil, because tracing is not enabled.
func ReadTrace() []byte { return nil }

//go:linkname trace_userTaskCreate runtime/trace.userTaskCreate
func trace_userTaskCreate(id, parentID uint64, taskType string) {}

//go:linkname trace_userTaskEnd runtime/trace.userTaskEnd
func trace_userTaskEnd(id uint64) {}

//go:linkname trace_userRegion runtime/trace.userRegion
func trace_userRegion(id, mode uint64, name string) {}

//go:linkname trace_userLog runtime/trace.userLog
func trace_userLog(id uint64, category, message string) {}

//go:linkname traceClockNow
func traceClockNow() uint64 { return uint64(nanotime()) }

//go:linkname traceClockUnitsPerSecond runtime/trace.runtime_traceClockUnitsPerSecond
func traceClockUnitsPerSecond() uint64 { return 1e9 }

//go:linkname traceAdvance
func traceAdvance(stopTrace bool) {}
