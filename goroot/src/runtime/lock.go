package runtime

import "internal/runtime/atomic"

const (
	mutexUnlocked = 0
	mutexLocked   = 1
	mutexSleeping = 2
)

// lock takes a lock of the runtime. From then on until unlock the goroutine stays on its thread. Locks are held for
// some dozens of instructions; who waits spins first, and then sleeps as a thread that is blocked to the collector.
func lock(l *mutex) {
	getg().locks++
	if atomic.Cas(&l.key, mutexUnlocked, mutexLocked) {
		return
	}
	for range 32 {
		procyield(30)
		if atomic.Load(&l.key) == mutexUnlocked && atomic.Cas(&l.key, mutexUnlocked, mutexLocked) {
			return
		}
	}
	start := nanotime()
	for atomic.Xchg(&l.key, mutexSleeping) != mutexUnlocked {
		lockSlow(l)
	}
	mutexWaitNanos.Add(nanotime() - start)
}

// unlock gives a lock back.
func unlock(l *mutex) {
	if atomic.Xchg(&l.key, mutexUnlocked) == mutexSleeping {
		unlockSlow(l)
	}
	getg().locks--
}

// gopark gives l back, unless it is nil, and takes the goroutine off its thread until goready. That may come first: then
// gopark returns at once. So each call of gopark is followed by one of goready, by who found the goroutine in a list
// that l guards.
func gopark(l *mutex, reason waitReason) {
	gp := getg()
	gp.waitreason = uint8(reason)
	if b := gp.bubble; b != nil && reason.idles() {
		b.idle(gp)
	}
	if l != nil {
		unlock(l)
	}
	parkNative()
	gp.waitreason = 0
}

// goready makes a goroutine run on that is in gopark, or about to be.
func goready(gp *g) {
	if gp.idle {
		gp.bubble.busy(gp)
	}
	readyNative(gp)
}

// acquirem keeps the goroutine on its thread until releasem.
func acquirem() *g {
	gp := getg()
	gp.locks++
	return gp
}

func releasem(gp *g) { gp.locks-- }

type waitReason uint8

const (
	waitReasonZero waitReason = iota
	waitReasonChanReceiveNilChan
	waitReasonChanSendNilChan
	waitReasonSelect
	waitReasonSelectNoCases
	waitReasonChanReceive
	waitReasonChanSend
	waitReasonSemacquire
	waitReasonSleep
	waitReasonSyncCondWait
	waitReasonSyncMutexLock
	waitReasonSyncRWMutexRLock
	waitReasonSyncRWMutexLock
	waitReasonSyncWaitGroupWait
	waitReasonFinalizerWait
	waitReasonIOWait
	waitReasonTimerGoroutine
	waitReasonCoroutine
	waitReasonSynctestRun
	waitReasonSynctestWait
	waitReasonSignal
	waitReasonSynctestChanReceive
	waitReasonSynctestChanSend
	waitReasonSynctestSelect
	waitReasonSynctestWaitGroupWait
)

// idles reports whether gopark notes that a goroutine of a bubble is idle. Where others may find the goroutine before it comes to
// gopark, or its bubble wakes it by itself, it has said so before.
func (w waitReason) idles() bool {
	switch w {
	case waitReasonChanReceiveNilChan, waitReasonChanSendNilChan, waitReasonSelectNoCases, waitReasonSleep, waitReasonSyncCondWait,
		waitReasonSynctestChanReceive, waitReasonSynctestChanSend, waitReasonSynctestWaitGroupWait:
		return true
	}
	return false
}

var waitReasonStrings = [...]string{
	waitReasonZero:               "",
	waitReasonChanReceiveNilChan: "chan receive (nil chan)",
	waitReasonChanSendNilChan:    "chan send (nil chan)",
	waitReasonSelect:             "select",
	waitReasonSelectNoCases:      "select (no cases)",
	waitReasonChanReceive:        "chan receive",
	waitReasonChanSend:           "chan send",
	waitReasonSemacquire:         "semacquire",
	waitReasonSleep:              "sleep",
	waitReasonSyncCondWait:       "sync.Cond.Wait",
	waitReasonSyncMutexLock:      "sync.Mutex.Lock",
	waitReasonSyncRWMutexRLock:   "sync.RWMutex.RLock",
	waitReasonSyncRWMutexLock:    "sync.RWMutex.Lock",
	waitReasonSyncWaitGroupWait:  "sync.WaitGroup.Wait",
	waitReasonFinalizerWait:      "finalizer wait",
	waitReasonIOWait:             "IO wait",
	waitReasonTimerGoroutine:     "timer goroutine (idle)",
	waitReasonCoroutine:          "coroutine",
	waitReasonSynctestRun:        "synctest.Run",
	waitReasonSynctestWait:       "synctest.Wait",
	waitReasonSignal:             "select (signals)",

	waitReasonSynctestChanReceive:   "chan receive (durable)",
	waitReasonSynctestChanSend:      "chan send (durable)",
	waitReasonSynctestSelect:        "select (durable)",
	waitReasonSynctestWaitGroupWait: "sync.WaitGroup.Wait (durable)",
}

func (w waitReason) String() string {
	if int(w) < len(waitReasonStrings) {
		return waitReasonStrings[w]
	}
	return "unknown wait reason"
}
