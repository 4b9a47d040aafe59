package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// Semaphores that sync and internal/poll wait on, by the address of a count; and condition variables' lists.

const semaBuckets = 251

// A semaRoot holds the waiters of all semaphores whose address falls to it.
type semaRoot struct {
	lock    mutex
	waiters atomic.Uint32
	first   *semaWaiter
	last    *semaWaiter
	_       [32]byte
}

// A semaWaiter is a goroutine that waits for a semaphore.
type semaWaiter struct {
	g      *g
	addr   uintptr // what it waits for; the goroutine's frames keep that, not the table
	next   *semaWaiter
	prev   *semaWaiter
	ticket bool  // the semaphore was acquired for it
	since  int64 // when it began to wait, if that is for the mutex profile
}

var semaTable [semaBuckets]semaRoot

func semaRootOf(addr *uint32) *semaRoot {
	return &semaTable[(uintptr(unsafe.Pointer(addr))>>3)%semaBuckets]
}

func cansemacquire(addr *uint32) bool {
	for {
		v := atomic.Load(addr)
		if v == 0 {
			return false
		}
		if atomic.Cas(addr, v, v-1) {
			return true
		}
	}
}

// semacquire waits until the count is positive and takes one off. With lifo the goroutine goes before those that wait. In
// the profile of blocking, the callers of semacquire's caller are shown but for the first skip.
func semacquire(addr *uint32, lifo bool, reason waitReason, skip int) {
	if cansemacquire(addr) {
		return
	}
	root := semaRootOf(addr)
	gp := getg()
	w := &semaWaiter{g: gp, addr: uintptr(unsafe.Pointer(addr))}
	counted := int64(0)
	switch reason {
	case waitReasonSyncMutexLock, waitReasonSyncRWMutexLock, waitReasonSyncRWMutexRLock:
		w.since = mutexStart()
		counted = mutexWaitStart()
	}
	start := blockStart()
	for {
		lock(&root.lock)
		// Counted before the last look: who adds to the count looks at the waiters after that.
		root.waiters.Add(1)
		if cansemacquire(addr) {
			root.waiters.Add(-1)
			unlock(&root.lock)
			break
		}
		root.enqueue(w, lifo)
		gp.waiting = w.addr
		gopark(&root.lock, reason)
		gp.waiting = 0
		if w.ticket || cansemacquire(addr) {
			break
		}
	}
	if counted != 0 {
		mutexWaitNanos.Add((nanotime() - counted) * mutexWaitSample)
	}
	blockEnd(start, 2+skip)
}

// mutexWaitNanos is about how long goroutines have waited for mutexes and for locks of the runtime. One in mutexWaitSample waits
// for a mutex is measured, and counts for as many.
var mutexWaitNanos atomic.Int64

const mutexWaitSample = 8

// mutexWaitStart returns the time at which a goroutine begins to wait for a mutex, 0 if this wait is not measured.
func mutexWaitStart() int64 {
	if cheaprandn(mutexWaitSample) != 0 {
		return 0
	}
	return nanotime()
}

// semrelease adds one to the count and wakes a waiter. With handoff that one gets it, and the processor, at once. In the
// profile of mutexes, the callers of semrelease's caller are shown but for the first skip.
func semrelease(addr *uint32, handoff bool, skip int) {
	root := semaRootOf(addr)
	atomic.Xadd(addr, 1)
	if root.waiters.Load() == 0 {
		return
	}
	lock(&root.lock)
	w := root.dequeue(uintptr(unsafe.Pointer(addr)))
	if w != nil {
		root.waiters.Add(-1)
	}
	unlock(&root.lock)
	if w == nil {
		return
	}
	mutexEnd(w.since, 2+skip)
	w.ticket = handoff && cansemacquire(addr)
	handed := w.ticket
	goready(w.g)
	if handed && getg().locks == 0 {
		yieldNative()
	}
}

func (root *semaRoot) enqueue(w *semaWaiter, lifo bool) {
	w.ticket = false
	if lifo {
		w.prev, w.next = nil, root.first
		if root.first != nil {
			root.first.prev = w
		} else {
			root.last = w
		}
		root.first = w
		return
	}
	w.prev, w.next = root.last, nil
	if root.last != nil {
		root.last.next = w
	} else {
		root.first = w
	}
	root.last = w
}

func (root *semaRoot) dequeue(addr uintptr) *semaWaiter {
	for w := root.first; w != nil; w = w.next {
		if w.addr != addr {
			continue
		}
		if w.prev != nil {
			w.prev.next = w.next
		} else {
			root.first = w.next
		}
		if w.next != nil {
			w.next.prev = w.prev
		} else {
			root.last = w.prev
		}
		w.prev, w.next = nil, nil
		return w
	}
	return nil
}

//go:linkname sync_runtime_Semacquire sync.runtime_Semacquire
func sync_runtime_Semacquire(addr *uint32) { semacquire(addr, false, waitReasonSemacquire, 0) }

//go:linkname poll_runtime_Semacquire internal/poll.runtime_Semacquire
func poll_runtime_Semacquire(addr *uint32) { semacquire(addr, false, waitReasonSemacquire, 0) }

//go:linkname sync_runtime_Semrelease sync.runtime_Semrelease
func sync_runtime_Semrelease(addr *uint32, handoff bool, skipframes int) {
	semrelease(addr, handoff, skipframes)
}

//go:linkname internal_sync_runtime_SemacquireMutex internal/sync.runtime_SemacquireMutex
func internal_sync_runtime_SemacquireMutex(addr *uint32, lifo bool, skipframes int) {
	semacquire(addr, lifo, waitReasonSyncMutexLock, skipframes)
}

//go:linkname sync_runtime_SemacquireRWMutexR sync.runtime_SemacquireRWMutexR
func sync_runtime_SemacquireRWMutexR(addr *uint32, lifo bool, skipframes int) {
	semacquire(addr, lifo, waitReasonSyncRWMutexRLock, skipframes)
}

//go:linkname sync_runtime_SemacquireRWMutex sync.runtime_SemacquireRWMutex
func sync_runtime_SemacquireRWMutex(addr *uint32, lifo bool, skipframes int) {
	semacquire(addr, lifo, waitReasonSyncRWMutexLock, skipframes)
}

//go:linkname sync_runtime_SemacquireWaitGroup sync.runtime_SemacquireWaitGroup
func sync_runtime_SemacquireWaitGroup(addr *uint32, synctestDurable bool) {
	reason := waitReasonSyncWaitGroupWait
	if synctestDurable {
		reason = waitReasonSynctestWaitGroupWait
	}
	semacquire(addr, false, reason, 0)
}

//go:linkname poll_runtime_Semrelease internal/poll.runtime_Semrelease
func poll_runtime_Semrelease(addr *uint32) { semrelease(addr, false, 0) }

//go:linkname internal_sync_runtime_Semrelease internal/sync.runtime_Semrelease
func internal_sync_runtime_Semrelease(addr *uint32, handoff bool, skipframes int) {
	semrelease(addr, handoff, skipframes)
}

// A notifyList is a condition variable's, as sync.Cond lays it out. Tickets are taken under the user's lock, notify is
// the next to be woken.
type notifyList struct {
	wait   atomic.Uint32
	notify uint32
	lock   mutex
	_      uint32
	head   *notifyWaiter
	tail   *notifyWaiter
}

type notifyWaiter struct {
	g      *g
	ticket uint32
	next   *notifyWaiter
}

func (w *notifyWaiter) wake() {
	if b := w.g.bubble; b != nil && b != getg().bubble {
		println("semaphore wake of synctest goroutine", w.g.goid, "from outside bubble")
		fatal("semaphore wake of synctest goroutine from outside bubble")
	}
	goready(w.g)
}

//go:linkname notifyListAdd sync.runtime_notifyListAdd
func notifyListAdd(l *notifyList) uint32 { return l.wait.Add(1) - 1 }

//go:linkname notifyListWait sync.runtime_notifyListWait
func notifyListWait(l *notifyList, t uint32) {
	lock(&l.lock)
	if int32(t-l.notify) < 0 {
		unlock(&l.lock)
		return
	}
	gp := getg()
	w := &notifyWaiter{g: gp, ticket: t}
	if l.tail == nil {
		l.head = w
	} else {
		l.tail.next = w
	}
	l.tail = w
	gp.waiting = uintptr(unsafe.Pointer(l))
	start := blockStart()
	gopark(&l.lock, waitReasonSyncCondWait)
	gp.waiting = 0
	blockEnd(start, 1)
}

//go:linkname notifyListNotifyAll sync.runtime_notifyListNotifyAll
func notifyListNotifyAll(l *notifyList) {
	if l.wait.Load() == atomic.Load(&l.notify) {
		return
	}
	lock(&l.lock)
	w := l.head
	l.head, l.tail = nil, nil
	atomic.Store(&l.notify, l.wait.Load())
	unlock(&l.lock)
	for w != nil {
		next := w.next
		w.next = nil
		w.wake()
		w = next
	}
}

//go:linkname notifyListNotifyOne sync.runtime_notifyListNotifyOne
func notifyListNotifyOne(l *notifyList) {
	if l.wait.Load() == atomic.Load(&l.notify) {
		return
	}
	lock(&l.lock)
	t := l.notify
	if t == l.wait.Load() {
		unlock(&l.lock)
		return
	}
	atomic.Store(&l.notify, t+1)
	var prev *notifyWaiter
	for w := l.head; w != nil; prev, w = w, w.next {
		if w.ticket != t {
			continue
		}
		if prev != nil {
			prev.next = w.next
		} else {
			l.head = w.next
		}
		if l.tail == w {
			l.tail = prev
		}
		unlock(&l.lock)
		w.next = nil
		w.wake()
		return
	}
	// Who has the ticket is on its way here, and will see that it was notified.
	unlock(&l.lock)
}

//go:linkname notifyListCheck sync.runtime_notifyListCheck
func notifyListCheck(size uintptr) {
	if size != unsafe.Sizeof(notifyList{}) {
		throw("bad notifyList size")
	}
}
