package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// Channels: a ring of elements, and the goroutines that wait to send or to receive. At most one of these queues has
// anybody in it, unless a goroutine selects on both ends. Who waits has its element in its own frame or on the heap, where
// who comes reads or writes it directly.

type hchan struct {
	qcount   uint
	dataqsiz uint
	buf      unsafe.Pointer
	elemsize uint16
	closed   uint32
	timer    *timer
	bubble   *synctestBubble // whose goroutines alone may use it
	elemtype *_type
	sendx    uint
	recvx    uint
	recvq    waitq
	sendq    waitq
	lock     mutex
}

// A sudog is a goroutine in a queue of a channel.
type sudog struct {
	g        *g
	next     *sudog
	prev     *sudog
	elem     unsafe.Pointer
	c        *hchan
	waitlink *sudog // the goroutine's next
	isSelect bool
	success  bool // woken by an element, not by close
}

type waitq struct {
	first *sudog
	last  *sudog
}

func (q *waitq) enqueue(s *sudog) {
	s.next, s.prev = nil, q.last
	if q.last == nil {
		q.first = s
	} else {
		q.last.next = s
	}
	q.last = s
}

// dequeue takes the first that still waits: a goroutine in a select may have got another case already.
func (q *waitq) dequeue() *sudog {
	for {
		s := q.first
		if s == nil {
			return nil
		}
		q.remove(s)
		if s.isSelect && !atomic.Cas(&s.g.selectDone, 0, 1) {
			continue
		}
		return s
	}
}

// remove takes s out of the queue, if it is there.
func (q *waitq) remove(s *sudog) {
	if s.prev == nil && s.next == nil && q.first != s {
		return
	}
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		q.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		q.last = s.prev
	}
	s.next, s.prev = nil, nil
}

func makechan64(t *chantype, size int64) *hchan { return makechan(t, int(size)) }

func makechan(t *chantype, size int) *hchan {
	elem := t.Elem
	mem, overflow := mulUintptr(elem.Size_, uintptr(size))
	if overflow || mem > maxAlloc-unsafe.Sizeof(hchan{}) || size < 0 {
		panic(plainError("makechan: size out of range"))
	}
	c := new(hchan)
	c.bubble = getg().bubble
	if mem == 0 {
		c.buf = unsafe.Pointer(c)
	} else {
		c.buf = newarray(elem, size)
	}
	c.elemsize = uint16(elem.Size_)
	c.elemtype = elem
	c.dataqsiz = uint(size)
	return c
}

func (c *hchan) slot(i uint) unsafe.Pointer { return add(c.buf, uintptr(i)*uintptr(c.elemsize)) }

func (c *hchan) after(i uint) uint {
	if i++; i == c.dataqsiz {
		return 0
	}
	return i
}

// put appends an element to the ring.
func (c *hchan) put(elem unsafe.Pointer) {
	typedmemmove(c.elemtype, c.slot(c.sendx), elem)
	c.sendx = c.after(c.sendx)
	c.qcount++
}

// take moves the first element of the ring to elem, unless that is nil.
func (c *hchan) take(elem unsafe.Pointer) {
	p := c.slot(c.recvx)
	if elem != nil {
		typedmemmove(c.elemtype, elem, p)
	}
	typedmemclr(c.elemtype, p)
	c.recvx = c.after(c.recvx)
	c.qcount--
}

func chansend1(c *hchan, elem unsafe.Pointer) { chansend(c, elem, true) }

// chansend sends an element; if it would have to wait and block is false, it reports false instead.
func chansend(c *hchan, elem unsafe.Pointer, block bool) bool {
	if c == nil {
		if block {
			parkForever(waitReasonChanSendNilChan)
		}
		return false
	}
	if c.bubble != nil && c.bubble != getg().bubble {
		fatal("send on synctest channel from outside bubble")
	}
	if !block && c.closed == 0 && c.full() {
		return false
	}
	lock(&c.lock)
	if c.closed != 0 {
		unlock(&c.lock)
		panic(plainError("send on closed channel"))
	}
	if s := c.recvq.dequeue(); s != nil {
		send(c, s, elem)
		return true
	}
	if c.qcount < c.dataqsiz {
		c.put(elem)
		unlock(&c.lock)
		return true
	}
	if !block {
		unlock(&c.lock)
		return false
	}
	gp := getg()
	s := &sudog{g: gp, elem: elem, c: c}
	gp.waiting, gp.param = uintptr(unsafe.Pointer(s)), nil
	c.sendq.enqueue(s)
	start := blockStart()
	gopark(&c.lock, c.reason(waitReasonChanSend, waitReasonSynctestChanSend))
	blockEnd(start, 1)
	KeepAlive(elem)
	gp.waiting, gp.param = 0, nil
	if !s.success {
		if c.closed == 0 {
			throw("chansend: spurious wakeup")
		}
		panic(plainError("send on closed channel"))
	}
	return true
}

// reason is why a goroutine waits at the channel: the second if that is a bubble's.
func (c *hchan) reason(plain, durable waitReason) waitReason {
	if c.bubble != nil {
		return durable
	}
	return plain
}

// send gives an element to a waiting receiver, and c.lock back.
func send(c *hchan, s *sudog, elem unsafe.Pointer) {
	if s.elem != nil {
		typedmemmove(c.elemtype, s.elem, elem)
		s.elem = nil
	}
	wake(c, s, true)
}

// wake ends the wait of s, and gives c.lock back.
func wake(c *hchan, s *sudog, success bool) {
	gp := s.g
	unlock(&c.lock)
	gp.param = unsafe.Pointer(s)
	s.success = success
	goready(gp)
}

func (c *hchan) full() bool {
	if c.dataqsiz == 0 {
		return c.recvq.first == nil
	}
	return c.qcount == c.dataqsiz
}

func (c *hchan) empty() bool {
	if c.dataqsiz == 0 {
		return atomic.Loadp(unsafe.Pointer(&c.sendq.first)) == nil
	}
	return atomic.Loaduint(&c.qcount) == 0
}

func parkForever(reason waitReason) {
	for {
		gopark(nil, reason)
	}
}

func closechan(c *hchan) {
	if c == nil {
		panic(plainError("close of nil channel"))
	}
	if c.bubble != nil && c.bubble != getg().bubble {
		fatal("close of synctest channel from outside bubble")
	}
	lock(&c.lock)
	if c.closed != 0 {
		unlock(&c.lock)
		panic(plainError("close of closed channel"))
	}
	atomic.Store(&c.closed, 1)
	var list *sudog
	for _, q := range [...]*waitq{&c.recvq, &c.sendq} {
		for s := q.dequeue(); s != nil; s = q.dequeue() {
			if q == &c.recvq && s.elem != nil {
				typedmemclr(c.elemtype, s.elem)
			}
			s.elem = nil
			s.next = list
			list = s
		}
	}
	unlock(&c.lock)
	for list != nil {
		s := list
		list = s.next
		s.next = nil
		s.g.param = unsafe.Pointer(s)
		s.success = false
		goready(s.g)
	}
}

func chanrecv1(c *hchan, elem unsafe.Pointer) { chanrecv(c, elem, true) }

func chanrecv2(c *hchan, elem unsafe.Pointer) (received bool) {
	_, received = chanrecv(c, elem, true)
	return
}

// chanrecv receives to elem, which may be nil. With block false it does not wait; selected says whether there was
// something to receive, received whether that was an element.
func chanrecv(c *hchan, elem unsafe.Pointer, block bool) (selected, received bool) {
	if c == nil {
		if block {
			parkForever(waitReasonChanReceiveNilChan)
		}
		return
	}
	if c.bubble != nil && c.bubble != getg().bubble {
		fatal("receive on synctest channel from outside bubble")
	}
	if c.timer != nil {
		c.timer.look()
	}
	if !block && c.empty() && atomic.Load(&c.closed) == 0 {
		return
	}
	lock(&c.lock)
	if c.closed != 0 && c.qcount == 0 {
		unlock(&c.lock)
		if elem != nil {
			typedmemclr(c.elemtype, elem)
		}
		return true, false
	}
	if s := c.sendq.dequeue(); s != nil {
		recv(c, s, elem)
		return true, true
	}
	if c.qcount > 0 {
		c.take(elem)
		unlock(&c.lock)
		return true, true
	}
	if !block {
		unlock(&c.lock)
		return
	}
	gp := getg()
	s := &sudog{g: gp, elem: elem, c: c}
	gp.waiting, gp.param = uintptr(unsafe.Pointer(s)), nil
	c.recvq.enqueue(s)
	c.blockTimer(1)
	start := blockStart()
	gopark(&c.lock, c.reason(waitReasonChanReceive, waitReasonSynctestChanReceive))
	blockEnd(start, 1)
	c.blockTimer(-1)
	gp.waiting, gp.param = 0, nil
	return true, s.success
}

// blockTimer notes that one goroutine more waits at the channel, or with -1 one less, if it is a timer's.
func (c *hchan) blockTimer(more int) {
	if c.timer != nil {
		c.timer.block(more)
	}
}

// recv receives from a waiting sender, and gives c.lock back. The ring, if there is one, is full: the sender's element
// goes to its end.
func recv(c *hchan, s *sudog, elem unsafe.Pointer) {
	if c.dataqsiz == 0 {
		if elem != nil {
			typedmemmove(c.elemtype, elem, s.elem)
		}
	} else {
		c.take(elem)
		c.put(s.elem)
	}
	s.elem = nil
	wake(c, s, true)
}

func selectnbsend(c *hchan, elem unsafe.Pointer) (selected bool) { return chansend(c, elem, false) }

func selectnbrecv(elem unsafe.Pointer, c *hchan) (selected, received bool) {
	return chanrecv(c, elem, false)
}

func chanlen(c *hchan) int {
	if c == nil || c.timer != nil {
		return 0
	}
	return int(c.qcount)
}

func chancap(c *hchan) int {
	if c == nil || c.timer != nil {
		return 0
	}
	return int(c.dataqsiz)
}

//go:linkname reflect_makechan reflect.makechan
func reflect_makechan(t *chantype, size int) *hchan { return makechan(t, size) }

//go:linkname reflect_chansend reflect.chansend0
func reflect_chansend(c *hchan, elem unsafe.Pointer, nb bool) (selected bool) {
	return chansend(c, elem, !nb)
}

//go:linkname reflect_chanrecv reflect.chanrecv
func reflect_chanrecv(c *hchan, nb bool, elem unsafe.Pointer) (selected, received bool) {
	return chanrecv(c, elem, !nb)
}

//go:linkname reflect_chanlen reflect.chanlen
func reflect_chanlen(c *hchan) int { return chanlen(c) }

//go:linkname reflectlite_chanlen internal/reflectlite.chanlen
func reflectlite_chanlen(c *hchan) int { return chanlen(c) }

//go:linkname reflect_chancap reflect.chancap
func reflect_chancap(c *hchan) int { return chancap(c) }

//go:linkname reflect_chanclose reflect.chanclose
func reflect_chanclose(c *hchan) { closechan(c) }
