package runtime

import (
	"internal/runtime/atomic"
	_ "unsafe" // for go:linkname
)

// Pinned goroutines, and pools.
//
// A goroutine that sync.Pool pins is not preempted, and no pool is emptied meanwhile: Go empties them while the world is
// stopped. Here, who empties them says so, and waits until nobody is pinned; who pins itself looks whether somebody empties
// them, and waits. Both write their own word before they read the other's, so one of them sees the other. The models are in
// crates/runtime/src/pins.rs.

// pins counts the pinned goroutines. It is one number in many words, each with a cache line of its own: a goroutine may
// come back from the allocator, still pinned, as another processor, and take its pin out of another word.
var pins [64]struct {
	n atomic.Uint32
	_ [60]byte
}

// poolsBusy is 1 while pools are being emptied.
var poolsBusy atomic.Uint32

//go:linkname sync_runtime_procPin sync.runtime_procPin
func sync_runtime_procPin() int {
	for {
		gp := getg()
		gp.locks++
		id := procID()
		if gp.locks > 1 {
			// Who is pinned already is waited for, and must not wait itself.
			return id
		}
		pins[id%len(pins)].n.Add(1)
		if poolsBusy.Load() == 0 {
			return id
		}
		sync_runtime_procUnpin()
		Gosched()
	}
}

//go:linkname sync_runtime_procUnpin sync.runtime_procUnpin
func sync_runtime_procUnpin() {
	gp := getg()
	if gp.locks == 1 {
		pins[procID()%len(pins)].n.Add(-1)
	}
	gp.locks--
}

//go:linkname sync_atomic_runtime_procPin sync/atomic.runtime_procPin
func sync_atomic_runtime_procPin() int { return sync_runtime_procPin() }

//go:linkname sync_atomic_runtime_procUnpin sync/atomic.runtime_procUnpin
func sync_atomic_runtime_procUnpin() { sync_runtime_procUnpin() }

// pinned is the number of pinned goroutines. While pools are busy it is 0 only if there is none: those that come add one
// and take it away again in the same word.
func pinned() uint32 {
	var sum uint32
	for i := range pins {
		sum += pins[i].n.Load()
	}
	return sum
}

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
	for !poolsBusy.CompareAndSwap(0, 1) {
		Gosched()
	}
	for pinned() != 0 {
		Gosched()
	}
	acquirem()
	f()
	releasem(getg())
	poolsBusy.Store(0)
}
