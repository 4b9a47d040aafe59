package runtime

import _ "unsafe" // for go:linkname

// Signals for os/signal; and what package os asks about them.

//go:linkname signal_enable os/signal.signal_enable
func signal_enable(sig uint32) { signalEnable(sig) }

//go:linkname signal_disable os/signal.signal_disable
func signal_disable(sig uint32) { signalDisable(sig) }

//go:linkname signal_ignore os/signal.signal_ignore
func signal_ignore(sig uint32) { signalIgnore(sig) }

//go:linkname signal_ignored os/signal.signal_ignored
func signal_ignored(sig uint32) bool { return signalIgnored(sig) }

//go:linkname signal_recv os/signal.signal_recv
func signal_recv() uint32 {
	for {
		getg().waitreason = uint8(waitReasonSignal)
		sig := signalRecv()
		getg().waitreason = 0
		if sig != 0 {
			return sig
		}
		// It has waited; now one has come.
	}
}

//go:linkname signalWaitUntilIdle os/signal.signalWaitUntilIdle
func signalWaitUntilIdle() { signalWaitIdle() }

//go:linkname os_sigpipe os.sigpipe
func os_sigpipe() { raiseSigpipe() }

//go:linkname ignoreSIGSYS os.ignoreSIGSYS
func ignoreSIGSYS() { signalIgnore(31) }

//go:linkname restoreSIGSYS os.restoreSIGSYS
func restoreSIGSYS() { signalDisable(31) }
