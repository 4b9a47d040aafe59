package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// Timers: a heap ordered by when they are due, and a goroutine that calls what is.
//
// A timer with a channel is in the heap only while a goroutine waits at the channel. Who looks at the channel without waiting
// has it expire first if it is due. So nothing but the program holds a timer that nobody waits for, as in Go since 1.23.

// A timer is what time.Timer and time.Ticker are made of.
type timer struct {
	when    int64 // 0 if it is not set
	period  int64
	f       func(arg any, seq uintptr, delay int64)
	arg     any
	seq     uintptr // changes when it is stopped
	place   int     // in timers.heap, plus one; 0 if it is not there
	c       *hchan
	blocked int   // how many goroutines wait at c
	sending mutex // held while f sends to c; taken before c.lock
}

// A timeTimer is a time.Timer, and its timer behind that.
type timeTimer struct {
	c    unsafe.Pointer
	init bool
	timer
}

// Its lock is taken after those of channels.
var timers struct {
	lock    mutex
	heap    []*timer
	proc    *g // who waits for the first of them
	waiting bool
	started bool
}

// start has the timer expire at when, also if it is set already: others may have started it meanwhile.
func (t *timer) start(when, period int64) {
	if when <= 0 {
		throw("timer when must be positive")
	}
	lock(&timers.lock)
	t.when, t.period = when, period
	t.settle()
}

// stop has it never expire, and reports whether it would have.
func (t *timer) stop() bool {
	lock(&timers.lock)
	pending := t.when != 0
	t.when = 0
	t.seq++
	t.settle()
	return pending
}

// block notes that one goroutine more waits at its channel, or with -1 one less.
func (t *timer) block(more int) {
	lock(&timers.lock)
	t.blocked += more
	t.settle()
}

// settle puts the timer where it belongs after a change, and gives timers.lock back.
func (t *timer) settle() {
	if t.when != 0 && (t.c == nil || t.blocked > 0) {
		if t.place == 0 {
			timers.heap = append(timers.heap, t)
			t.place = len(timers.heap)
		}
		siftDown(t.place - 1)
		siftUp(t.place - 1)
	} else if t.place != 0 {
		t.remove()
	}
	first := t.place == 1
	start := first && !timers.started
	wake := first && timers.waiting
	if start {
		timers.started = true
	}
	if wake {
		timers.waiting = false
	}
	proc := timers.proc
	unlock(&timers.lock)
	if start {
		go timerproc()
	} else if wake {
		// It may be awake already, because of another timer.
		wakeNative(proc)
	}
}

// look has the timer of a channel expire if it is due and nobody waits for it.
func (t *timer) look() {
	if when := atomic.Loadint64(&t.when); when == 0 || when > nanotime() {
		return
	}
	lock(&timers.lock)
	if now := nanotime(); t.place == 0 && t.when != 0 && t.when <= now {
		t.expire(now)
	} else {
		unlock(&timers.lock)
	}
}

// expire calls the function of a timer that is due, and gives timers.lock back before.
func (t *timer) expire(now int64) {
	delay := now - t.when
	if t.period > 0 {
		t.when += t.period * (1 + delay/t.period)
		if t.when < 0 {
			t.when = 1<<63 - 1
		}
	} else {
		t.when = 0
	}
	f, arg, seq := t.f, t.arg, t.seq
	t.settle()
	if t.c == nil {
		f(arg, seq, delay)
		return
	}
	lock(&t.sending)
	if t.seq == seq {
		f(arg, seq, delay)
	}
	unlock(&t.sending)
}

func (t *timer) remove() {
	h := timers.heap
	i, last := t.place-1, len(h)-1
	moved := h[last]
	h[last] = nil
	timers.heap = h[:last]
	t.place = 0
	if moved != t {
		h[i] = moved
		moved.place = i + 1
		siftDown(i)
		siftUp(moved.place - 1)
	}
}

func siftUp(i int) {
	h := timers.heap
	t := h[i]
	for i > 0 {
		p := (i - 1) / 4
		if h[p].when <= t.when {
			break
		}
		h[i] = h[p]
		h[i].place = i + 1
		i = p
	}
	h[i] = t
	t.place = i + 1
}

func siftDown(i int) {
	h := timers.heap
	t := h[i]
	for {
		first := i*4 + 1
		if first >= len(h) {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, len(h)); c++ {
			if h[c].when < h[least].when {
				least = c
			}
		}
		if h[least].when >= t.when {
			break
		}
		h[i] = h[least]
		h[i].place = i + 1
		i = least
	}
	h[i] = t
	t.place = i + 1
}

// timerproc calls the functions of timers that are due.
func timerproc() {
	lock(&timers.lock)
	timers.proc = getg()
	for {
		now := nanotime()
		if len(timers.heap) == 0 || timers.heap[0].when > now {
			until := int64(1<<63 - 1)
			if len(timers.heap) > 0 {
				until = timers.heap[0].when
			}
			timers.waiting = true
			getg().waitreason = uint8(waitReasonTimerGoroutine)
			unlock(&timers.lock)
			parkUntil(until)
			lock(&timers.lock)
			timers.waiting = false
			continue
		}
		timers.heap[0].expire(now)
		lock(&timers.lock)
	}
}

// timeSleep is time.Sleep.
//
//go:linkname timeSleep time.Sleep
func timeSleep(ns int64) {
	if ns <= 0 {
		return
	}
	gp := getg()
	t := gp.timer
	if t == nil {
		t = &timer{f: wakeSleeper}
		gp.timer = t
	}
	t.arg = gp
	when := nanotime() + ns
	if when < 0 {
		when = 1<<63 - 1
	}
	gp.waitreason = uint8(waitReasonSleep)
	t.start(when, 0)
	gopark(nil, waitReasonSleep)
}

func wakeSleeper(arg any, seq uintptr, delay int64) { goready(arg.(*g)) }

//go:linkname newTimer time.newTimer
func newTimer(when, period int64, f func(arg any, seq uintptr, delay int64), arg any, c *hchan) *timeTimer {
	t := new(timeTimer)
	t.f, t.arg = f, arg
	t.timer.c = c
	if c != nil {
		c.timer = &t.timer
	}
	t.start(when, period)
	t.init = true
	return t
}

// end stops it, and takes back what it has sent and nobody has received: then it counts as not yet expired.
func (t *timer) end() bool {
	c := t.c
	if c == nil {
		return t.stop()
	}
	lock(&t.sending)
	pending := t.stop()
	lock(&c.lock)
	if c.qcount > 0 {
		c.take(nil)
		pending = true
	}
	unlock(&c.lock)
	unlock(&t.sending)
	return pending
}

//go:linkname stopTimer time.stopTimer
func stopTimer(t *timeTimer) bool { return t.end() }

//go:linkname resetTimer time.resetTimer
func resetTimer(t *timeTimer, when, period int64) bool {
	pending := t.end()
	t.start(when, period)
	return pending
}

//go:linkname time_now time.now
func time_now() (sec int64, nsec int32, mono int64) {
	sec, nsec = walltime()
	return sec, nsec, nanotime()
}

//go:linkname time_runtimeNow time.runtimeNow
func time_runtimeNow() (sec int64, nsec int32, mono int64) { return time_now() }

//go:linkname time_runtimeNano time.runtimeNano
func time_runtimeNano() int64 {
	return nanotime()
}

//go:linkname time_runtimeIsBubbled time.runtimeIsBubbled
func time_runtimeIsBubbled() bool { return false }

//go:linkname crypto_monoTime crypto/internal/fips140deps/time.monoTime
func crypto_monoTime() int64 { return nanotime() }
