package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// Bubbles, for package testing/synctest: goroutines with a time of their own, which stands still while any of them runs.
//
// A goroutine is idle, as its bubble sees it, while it waits for what only others of the bubble can bring: at a channel of the
// bubble, for a group or a condition, for its time. It says so before anybody can find it, and who makes it ready takes that
// back. When all are idle, and nobody outside has promised that there will be more, one of them is woken: the root, which called
// Run, if a timer is due; else who called Wait; else the root again, which has the time go on to the next timer. What counts as
// idle, and in what order they are woken, is as in synctest.go of Go's runtime.

type synctestBubble struct {
	id     uint64
	timers timerHeap
	root   *g
	main   *g    // which Run started
	now    int64 // changed by the root while all others are idle

	lock    mutex // taken after those of channels and before that of timers
	waiter  *g    // who called Wait, until it is woken
	waiting bool
	done    bool // main has ended
	over    bool // so has Run
	total   int  // goroutines
	running int  // those that are not idle
	active  int  // promises from outside
}

// synctestStart is midnight of 1 January 2000, when the time of each bubble begins.
const synctestStart = 946684800e9

var bubbleCount atomic.Uint64

// join counts a goroutine that is about to run.
func (b *synctestBubble) join(gp *g) {
	lock(&b.lock)
	gp.bubble = b
	b.total++
	b.running++
	unlock(&b.lock)
}

// leave forgets the goroutine that runs here.
func (b *synctestBubble) leave(gp *g) {
	lock(&b.lock)
	gp.bubble = nil
	b.total--
	b.running--
	b.done = b.done || gp == b.main
	b.settle()
}

// idle notes that the goroutine that runs here will wait. Nobody can find it yet.
func (b *synctestBubble) idle(gp *g) {
	lock(&b.lock)
	gp.idle = true
	b.running--
	b.settle()
}

// busy notes that an idle goroutine is about to be made ready.
func (b *synctestBubble) busy(gp *g) {
	lock(&b.lock)
	gp.idle = false
	b.running++
	unlock(&b.lock)
}

// settle wakes who is next if all are idle, and gives b.lock back.
func (b *synctestBubble) settle() {
	var next *g
	if b.running == 0 && b.active == 0 && !b.over {
		next = b.root
		if due := b.timers.first(); b.waiter != nil && (due == 0 || due > b.now) {
			next, b.waiter = b.waiter, nil
		}
		next.idle = false
		b.running++
	}
	unlock(&b.lock)
	if next != nil {
		readyNative(next)
	}
}

// promise has the bubble rest for as long as there are promises.
func (b *synctestBubble) promise(more int) {
	lock(&b.lock)
	b.active += more
	b.settle()
}

// A synctestDeadlockError is what Run panics with if goroutines of the bubble wait for ever.
type synctestDeadlockError struct {
	reason string
	bubble *synctestBubble
}

func (e synctestDeadlockError) Error() string { return e.reason }

//go:linkname synctestRun internal/synctest.Run
func synctestRun(f func()) {
	gp := getg()
	if gp.bubble != nil {
		panic("synctest.Run called from within a synctest bubble")
	}
	b := &synctestBubble{id: bubbleCount.Add(1), root: gp, now: synctestStart}
	b.timers.bubble = b
	b.join(gp)
	defer b.end(gp)
	b.main = start(f, callerpc(getfp()))
	readyNative(b.main)
	for {
		b.idle(gp)
		gopark(nil, waitReasonSynctestRun)
		lock(&b.lock)
		next := b.timers.first()
		if next == 0 || b.done {
			// Time stands still once main has ended.
			break
		}
		b.now = max(b.now, next)
		unlock(&b.lock)
		b.timers.run(b.now)
	}
	b.over = true
	left := b.total - 1
	unlock(&b.lock)
	switch {
	case left == 0:
	case b.done:
		panic(synctestDeadlockError{"deadlock: main bubble goroutine has exited but blocked goroutines remain", b})
	default:
		panic(synctestDeadlockError{"deadlock: all goroutines in bubble are blocked", b})
	}
}

// end has the root leave the bubble.
func (b *synctestBubble) end(gp *g) {
	b.over = true
	b.leave(gp)
	lock(&associations.lock)
	for handle := range associations.bubbles {
		if weakGet(handle) == nil {
			delete(associations.bubbles, handle)
		}
	}
	unlock(&associations.lock)
}

//go:linkname synctestWait internal/synctest.Wait
func synctestWait() {
	gp := getg()
	b := gp.bubble
	if b == nil {
		panic("goroutine is not in a bubble")
	}
	lock(&b.lock)
	if b.waiting {
		unlock(&b.lock)
		panic("wait already in progress")
	}
	b.waiting, b.waiter = true, gp
	unlock(&b.lock)
	b.idle(gp)
	gopark(nil, waitReasonSynctestWait)
	lock(&b.lock)
	b.waiting = false
	unlock(&b.lock)
}

//go:linkname synctest_isInBubble internal/synctest.IsInBubble
func synctest_isInBubble() bool { return getg().bubble != nil }

//go:linkname synctest_acquire internal/synctest.acquire
func synctest_acquire() any {
	if b := getg().bubble; b != nil {
		b.promise(1)
		return b
	}
	return nil
}

//go:linkname synctest_release internal/synctest.release
func synctest_release(bubble any) { bubble.(*synctestBubble).promise(-1) }

//go:linkname synctest_inBubble internal/synctest.inBubble
func synctest_inBubble(bubble any, f func()) {
	gp := getg()
	if gp.bubble != nil {
		panic("goroutine is already bubbled")
	}
	b := bubble.(*synctestBubble)
	b.join(gp)
	defer b.leave(gp)
	f()
}

// associations says which objects belong to which bubble, by the weak handles of the ones and the numbers of the others. Of objects
// that are dead it is forgotten when a bubble ends.
var associations struct {
	lock    mutex
	bubbles map[unsafe.Pointer]uint64
}

const (
	unbubbled = iota
	currentBubble
	otherBubble
)

// association says what an object has to do with the goroutine's bubble, and associates it, if that is wanted and it is an object
// of the heap that belongs to none.
func association(p unsafe.Pointer, associate bool) int {
	if findObject(p) == 0 {
		return unbubbled
	}
	own, handle := getg().bubble.id, weakHandle(p)
	lock(&associations.lock)
	id := associations.bubbles[handle]
	if id == 0 && associate {
		if associations.bubbles == nil {
			associations.bubbles = make(map[unsafe.Pointer]uint64)
		}
		id, associations.bubbles[handle] = own, own
	}
	unlock(&associations.lock)
	switch id {
	case 0:
		return unbubbled
	case own:
		return currentBubble
	}
	return otherBubble
}

//go:linkname synctest_associate internal/synctest.associate
func synctest_associate(p unsafe.Pointer) int { return association(p, true) }

//go:linkname synctest_disassociate internal/synctest.disassociate
func synctest_disassociate(p unsafe.Pointer) {
	if findObject(p) == 0 {
		return
	}
	handle := weakHandle(p)
	lock(&associations.lock)
	delete(associations.bubbles, handle)
	unlock(&associations.lock)
}

//go:linkname synctest_isAssociated internal/synctest.isAssociated
func synctest_isAssociated(p unsafe.Pointer) bool { return association(p, false) == currentBubble }
