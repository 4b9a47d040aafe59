package runtime

import _ "unsafe" // for go:linkname

// Pinned goroutines, and pools: see crates/runtime/src/pins.rs.

//go:linkname sync_runtime_procPin sync.runtime_procPin
func sync_runtime_procPin() int {
	for {
		if id := pin(); id >= 0 {
			return id
		}
		Gosched()
	}
}

//go:linkname sync_runtime_procUnpin sync.runtime_procUnpin
func sync_runtime_procUnpin() { unpin() }

//go:linkname sync_atomic_runtime_procPin sync/atomic.runtime_procPin
func sync_atomic_runtime_procPin() int { return sync_runtime_procPin() }

//go:linkname sync_atomic_runtime_procUnpin sync/atomic.runtime_procUnpin
func sync_atomic_runtime_procUnpin() { unpin() }

var poolcleanupFunc func()

//go:linkname sync_runtime_registerPoolCleanup sync.runtime_registerPoolCleanup
func sync_runtime_registerPoolCleanup(f func()) {
	poolcleanupFunc = f
	startLifetimeproc()
}

// poolcleanup empties all pools; when a cycle begins.
func poolcleanup() {
	f := poolcleanupFunc
	if f == nil {
		return
	}
	for !beginEmptying() {
		Gosched()
	}
	for anyPinned() {
		Gosched()
	}
	acquirem()
	f()
	releasem(getg())
	endEmptying()
}
