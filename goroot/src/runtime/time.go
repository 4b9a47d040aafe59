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
	in      *timerHeap
	when    int64 // 0 if it is not set
	period  int64
	f       func(arg any, seq uintptr, delay int64)
	arg     any
	seq     uintptr // changes when it is stopped
	tie     uint32  // decides between timers of a bubble that are due at once
	place   int     // in in.heap, plus one; 0 if it is not there
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

// A timerHeap are timers in the order in which they are due: the process's, or those of a bubble.
type timerHeap struct {
	lock    mutex // taken after those of channels
	heap    []*timer
	bubble  *synctestBubble // whose root calls their functions
	proc    *g              // who waits for the first of them, of the process's
	waiting bool
	started bool
}

// timers are the process's.
var timers timerHeap

// currentTimers are those of the goroutine's bubble, or the process's.
func currentTimers() *timerHeap {
	if b := getg().bubble; b != nil {
		return &b.timers
	}
	return &timers
}

// now is the time that counts for the timers.
func (h *timerHeap) now() int64 {
	if h.bubble != nil {
		return h.bubble.now
	}
	return nanotime()
}

// first is when the first of them is due; 0 if there is none.
func (h *timerHeap) first() (when int64) {
	lock(&h.lock)
	if len(h.heap) > 0 {
		when = h.heap[0].when
	}
	unlock(&h.lock)
	return
}

// run calls the functions of those that are due.
func (h *timerHeap) run(now int64) {
	lock(&h.lock)
	for len(h.heap) > 0 && h.heap[0].when <= now {
		h.heap[0].expire(now)
		lock(&h.lock)
	}
	unlock(&h.lock)
}

// start has the timer expire at when, also if it is set already: others may have started it meanwhile.
func (t *timer) start(when, period int64) {
	if when <= 0 {
		throw("timer when must be positive")
	}
	lock(&t.in.lock)
	t.when, t.period = when, period
	if b := t.in.bubble; b != nil {
		t.tie = cheaprand()
		if when <= b.now {
			// The root would come to it too late, when all are idle.
			t.expire(b.now)
			return
		}
	}
	t.settle()
}

// stop has it never expire, and reports whether it would have.
func (t *timer) stop() bool {
	lock(&t.in.lock)
	pending := t.when != 0
	t.when = 0
	t.seq++
	t.settle()
	return pending
}

// block notes that one goroutine more waits at its channel, or with -1 one less.
func (t *timer) block(more int) {
	lock(&t.in.lock)
	t.blocked += more
	t.settle()
}

// settle puts the timer where it belongs after a change, and gives t.in.lock back.
func (t *timer) settle() {
	h := t.in
	if t.when != 0 && (t.c == nil || t.blocked > 0 || h.bubble != nil) {
		if t.place == 0 {
			h.heap = append(h.heap, t)
			t.place = len(h.heap)
		}
		h.siftDown(t.place - 1)
		h.siftUp(t.place - 1)
	} else if t.place != 0 {
		t.remove()
	}
	first := t.place == 1 && h.bubble == nil
	start := first && !h.started
	wake := first && h.waiting
	if start {
		h.started = true
	}
	if wake {
		h.waiting = false
	}
	proc := h.proc
	unlock(&t.in.lock)
	if start {
		go timerproc()
	} else if wake {
		// It may be awake already, because of another timer.
		wakeNative(proc)
	}
}

// look has the timer of a channel expire if it is due and nobody waits for it.
func (t *timer) look() {
	if when := atomic.Loadint64(&t.when); when == 0 || when > t.in.now() {
		return
	}
	lock(&t.in.lock)
	if now := t.in.now(); t.place == 0 && t.when != 0 && t.when <= now {
		t.expire(now)
	} else {
		unlock(&t.in.lock)
	}
}

// expire calls the function of a timer that is due, and gives t.in.lock back before.
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
	h := t.in.heap
	i, last := t.place-1, len(h)-1
	moved := h[last]
	h[last] = nil
	t.in.heap = h[:last]
	t.place = 0
	if moved != t {
		h[i] = moved
		moved.place = i + 1
		t.in.siftDown(i)
		t.in.siftUp(moved.place - 1)
	}
}

func (in *timerHeap) siftUp(i int) {
	h := in.heap
	t := h[i]
	for i > 0 {
		p := (i - 1) / 4
		if !t.before(h[p]) {
			break
		}
		h[i] = h[p]
		h[i].place = i + 1
		i = p
	}
	h[i] = t
	t.place = i + 1
}

func (in *timerHeap) siftDown(i int) {
	h := in.heap
	t := h[i]
	for {
		first := i*4 + 1
		if first >= len(h) {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, len(h)); c++ {
			if h[c].before(h[least]) {
				least = c
			}
		}
		if !h[least].before(t) {
			break
		}
		h[i] = h[least]
		h[i].place = i + 1
		i = least
	}
	h[i] = t
	t.place = i + 1
}

// before reports whether the timer is to expire before another one.
func (t *timer) before(u *timer) bool {
	return t.when < u.when || t.when == u.when && t.tie < u.tie
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
	t, in := gp.timer, currentTimers()
	if t == nil || t.in != in {
		t = &timer{f: wakeSleeper, in: in}
		gp.timer = t
	}
	t.arg = gp
	when := in.now() + ns
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
	t.f, t.arg, t.in = f, arg, currentTimers()
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
func stopTimer(t *timeTimer) bool {
	if t.in.bubble != nil && getg().bubble == nil {
		fatal("stop of synctest timer from outside bubble")
	}
	return t.end()
}

//go:linkname resetTimer time.resetTimer
func resetTimer(t *timeTimer, when, period int64) bool {
	if t.in.bubble != nil && getg().bubble == nil {
		fatal("reset of synctest timer from outside bubble")
	}
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
func time_runtimeNow() (sec int64, nsec int32, mono int64) {
	if b := getg().bubble; b != nil {
		// Without a monotonic part, as in Go.
		return b.now / 1e9, int32(b.now % 1e9), 0
	}
	return time_now()
}

//go:linkname time_runtimeNano time.runtimeNano
func time_runtimeNano() int64 { return currentTimers().now() }

//go:linkname time_runtimeIsBubbled time.runtimeIsBubbled
func time_runtimeIsBubbled() bool { return getg().bubble != nil }

//go:linkname crypto_monoTime crypto/internal/fips140deps/time.monoTime
func crypto_monoTime() int64 { return nanotime() }
