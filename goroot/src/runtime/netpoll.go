package runtime

import _ "unsafe" // for go:linkname

// Network polling: internal/poll's side of it. The descriptors are the Rust half's (crates/runtime/src/netpoll.rs).

// What pollReset and pollWait return is pollNoError, or one of internal/poll's errors.
const pollNoError = 0

//go:linkname poll_runtime_pollServerInit internal/poll.runtime_pollServerInit
func poll_runtime_pollServerInit() {}

//go:linkname poll_runtime_isPollServerDescriptor internal/poll.runtime_isPollServerDescriptor
func poll_runtime_isPollServerDescriptor(fd uintptr) bool { return netpollIsServer(fd) }

//go:linkname poll_runtime_pollOpen internal/poll.runtime_pollOpen
func poll_runtime_pollOpen(fd uintptr) (uintptr, int) { return netpollOpen(fd) }

//go:linkname poll_runtime_pollClose internal/poll.runtime_pollClose
func poll_runtime_pollClose(pd uintptr) { netpollClose(pd) }

//go:linkname poll_runtime_pollReset internal/poll.runtime_pollReset
func poll_runtime_pollReset(pd uintptr, mode int) int { return netpollReset(pd, mode) }

//go:linkname poll_runtime_pollWait internal/poll.runtime_pollWait
func poll_runtime_pollWait(pd uintptr, mode int) int {
	for {
		getg().waitreason = uint8(waitReasonIOWait)
		r := netpollWait(pd, mode)
		getg().waitreason = 0
		if r >= pollNoError {
			return r
		}
		// It has waited; now there is something to be seen.
	}
}

//go:linkname poll_runtime_pollWaitCanceled internal/poll.runtime_pollWaitCanceled
func poll_runtime_pollWaitCanceled(pd uintptr, mode int) { poll_runtime_pollWait(pd, mode) }

//go:linkname poll_runtime_pollSetDeadline internal/poll.runtime_pollSetDeadline
func poll_runtime_pollSetDeadline(pd uintptr, d int64, mode int) { netpollDeadline(pd, d, mode) }

//go:linkname poll_runtime_pollUnblock internal/poll.runtime_pollUnblock
func poll_runtime_pollUnblock(pd uintptr) { netpollUnblock(pd) }
