package runtime

import "unsafe"

// Select. Cases are tried in a random order; if none is ready, the goroutine waits in the queues of all of them, and the
// first to find it there by winning its selectDone gives it its case. Channels are locked in the order of their addresses.

// A scase is a case; compiled code and reflect make arrays of them, sends first.
type scase struct {
	c    *hchan
	elem unsafe.Pointer
}

func selectsetpc(pc *uintptr) { *pc = callerpc(getfp()) }

// block is select{}.
func block() { parkForever(waitReasonSelectNoCases) }

func sellock(cases []scase, order []uint16) {
	var last *hchan
	for _, o := range order {
		if c := cases[o].c; c != last {
			lock(&c.lock)
			last = c
		}
	}
}

func selunlock(cases []scase, order []uint16) {
	var last *hchan
	for i := len(order) - 1; i >= 0; i-- {
		if c := cases[order[i]].c; c != last {
			unlock(&c.lock)
			last = c
		}
	}
}

// selectgo chooses a case: its number, and for a receive whether there was an element. order0 has room for twice as many
// numbers as there are cases.
func selectgo(cas0 *scase, order0 *uint16, pc0 *uintptr, nsends, nrecvs int, block bool) (int, bool) {
	n := nsends + nrecvs
	cases := unsafe.Slice(cas0, n)
	orders := unsafe.Slice(order0, 2*n)
	poll := orders[:0:n]
	for i := range cases {
		c := cases[i].c
		if c == nil {
			// Such a case is never ready.
			cases[i].elem = nil
			continue
		}
		j := int(cheaprandn(uint32(len(poll) + 1)))
		poll = append(poll, 0)
		poll[len(poll)-1] = poll[j]
		poll[j] = uint16(i)
	}
	order := orders[n : n+len(poll)]
	sortByAddress(order, poll, cases)
	gp := getg()
	durable := gp.bubble != nil
	for _, o := range poll {
		c := cases[o].c
		if c.bubble == nil {
			durable = false
		} else if c.bubble != gp.bubble {
			fatal("select on synctest channel from outside bubble")
		}
		if c.timer != nil {
			c.timer.look()
		}
	}

	sellock(cases, order)
	for _, o := range poll {
		i := int(o)
		cas := &cases[i]
		c := cas.c
		if i >= nsends {
			switch s := c.sendq.dequeue(); {
			case s != nil:
				selunlockBut(cases, order, c)
				recv(c, s, cas.elem)
				return i, true
			case c.qcount > 0:
				c.take(cas.elem)
				selunlock(cases, order)
				return i, true
			case c.closed != 0:
				selunlock(cases, order)
				if cas.elem != nil {
					typedmemclr(c.elemtype, cas.elem)
				}
				return i, false
			}
			continue
		}
		if c.closed != 0 {
			selunlock(cases, order)
			panic(plainError("send on closed channel"))
		}
		if s := c.recvq.dequeue(); s != nil {
			selunlockBut(cases, order, c)
			send(c, s, cas.elem)
			return i, false
		}
		if c.qcount < c.dataqsiz {
			c.put(cas.elem)
			selunlock(cases, order)
			return i, false
		}
	}
	if !block {
		selunlock(cases, order)
		return -1, false
	}

	gp.selectDone = 0
	gp.param = nil
	var first *sudog
	link := &first
	for _, o := range order {
		s := &sudog{g: gp, elem: cases[o].elem, c: cases[o].c, isSelect: true}
		*link = s
		link = &s.waitlink
		if int(o) < nsends {
			s.c.sendq.enqueue(s)
		} else {
			s.c.recvq.enqueue(s)
		}
		s.c.blockTimer(1)
	}
	gp.waiting = uintptr(unsafe.Pointer(first))
	reason := waitReasonSelect
	if durable {
		reason = waitReasonSynctestSelect
		gp.bubble.idle(gp)
	}
	selunlock(cases, order)
	start := blockStart()
	gopark(nil, reason)
	blockEnd(start, 0)

	sellock(cases, order)
	chosen, won := -1, (*sudog)(gp.param)
	gp.waiting, gp.param = 0, nil
	success := false
	s := first
	for _, o := range order {
		switch {
		case s == won:
			chosen, success = int(o), s.success
		case int(o) < nsends:
			s.c.sendq.remove(s)
		default:
			s.c.recvq.remove(s)
		}
		s.elem = nil
		s.c.blockTimer(-1)
		s = s.waitlink
	}
	selunlock(cases, order)
	KeepAlive(cas0)
	if chosen < 0 {
		throw("selectgo: bad wakeup")
	}
	if chosen < nsends && !success {
		panic(plainError("send on closed channel"))
	}
	return chosen, success && chosen >= nsends
}

// selunlockBut gives back all locks but that of one channel.
func selunlockBut(cases []scase, order []uint16, but *hchan) {
	var last *hchan
	for i := len(order) - 1; i >= 0; i-- {
		if c := cases[order[i]].c; c != last {
			if c != but {
				unlock(&c.lock)
			}
			last = c
		}
	}
}

// sortByAddress fills order with the numbers of poll, sorted by the address of their channel: a heap sort.
func sortByAddress(order, poll []uint16, cases []scase) {
	at := func(o uint16) uintptr { return uintptr(unsafe.Pointer(cases[o].c)) }
	for i, o := range poll {
		j := i
		for j > 0 && at(order[(j-1)/2]) < at(o) {
			order[j] = order[(j-1)/2]
			j = (j - 1) / 2
		}
		order[j] = o
	}
	for i := len(order) - 1; i >= 0; i-- {
		o := order[i]
		order[i] = order[0]
		j := 0
		for {
			child := j*2 + 1
			if child >= i {
				break
			}
			if child+1 < i && at(order[child]) < at(order[child+1]) {
				child++
			}
			if at(o) >= at(order[child]) {
				break
			}
			order[j] = order[child]
			j = child
		}
		order[j] = o
	}
}

// A runtimeSelect is a case as reflect has it.
type runtimeSelect struct {
	dir  int
	typ  unsafe.Pointer
	ch   *hchan
	elem unsafe.Pointer
}

const (
	selectSend    = 1
	selectRecv    = 2
	selectDefault = 3
)

//go:linkname reflect_rselect reflect.rselect
func reflect_rselect(cases []runtimeSelect) (int, bool) {
	if len(cases) == 0 {
		block()
	}
	sel := make([]scase, len(cases))
	orig := make([]int, len(cases))
	nsends, nrecvs, dflt := 0, 0, -1
	for i, c := range cases {
		switch c.dir {
		case selectDefault:
			dflt = i
		case selectSend:
			sel[nsends] = scase{c.ch, c.elem}
			orig[nsends] = i
			nsends++
		case selectRecv:
			nrecvs++
			sel[len(cases)-nrecvs] = scase{c.ch, c.elem}
			orig[len(cases)-nrecvs] = i
		}
	}
	if nsends+nrecvs == 0 {
		return dflt, false
	}
	// The default leaves a gap.
	if nsends+nrecvs < len(cases) {
		copy(sel[nsends:], sel[len(cases)-nrecvs:])
		copy(orig[nsends:], orig[len(cases)-nrecvs:])
	}
	order := make([]uint16, 2*(nsends+nrecvs))
	chosen, recvOK := selectgo(&sel[0], &order[0], nil, nsends, nrecvs, dflt == -1)
	if chosen < 0 {
		return dflt, recvOK
	}
	return orig[chosen], recvOK
}
