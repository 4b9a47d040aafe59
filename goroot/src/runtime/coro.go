package runtime

import "unsafe"

// Coroutines, for iter.Pull: a goroutine that runs only while the one that switched to it waits.

// A coro is a goroutine that waits for a switch, or for the one that was switched from it.
type coro struct {
	gp *g
	f  func(*coro)
}

// newcoro makes a coroutine that will run f when it is first switched to.
//
//go:linkname newcoro
func newcoro(f func(*coro)) *coro {
	c := &coro{f: f}
	start := func() { corostart(c) }
	fv := *(**funcval)(unsafe.Pointer(&start))
	gp := newprocNative(fv, getg(), callerpc(getfp()))
	if b := getg().bubble; b != nil {
		b.join(gp)
		b.idle(gp)
	}
	gp.coroarg = c
	gp.waitreason = uint8(waitReasonCoroutine)
	c.gp = gp
	return c
}

func corostart(c *coro) {
	defer coroexit(c)
	c.f(c)
}

// coroexit lets the goroutine run on that waits for the coroutine, which ends.
func coroexit(c *coro) {
	gp := c.gp
	c.gp = nil
	goready(gp)
}

// coroswitch runs the other goroutine of c until that switches back.
//
//go:linkname coroswitch
func coroswitch(c *coro) {
	next, gp := c.gp, getg()
	c.gp = gp
	b := gp.bubble
	if b != nil {
		// The other goroutine may switch back before this one parks.
		b.promise(1)
		b.idle(gp)
	}
	goready(next)
	if b != nil {
		b.promise(-1)
	}
	gopark(nil, waitReasonCoroutine)
}
