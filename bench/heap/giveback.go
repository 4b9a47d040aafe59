package main

import "time"

// keptBelow is how many levels below the root the subtree hangs that stays alive.
const keptBelow = 6

// giveBack fills the heap with a tree, drops all but one subtree, goes idle, and reads the
// resident set after settle milliseconds and the CPU use of the window that follows.
func giveBack(r *report, log2, settle, window int) {
	live = grow(log2, new(uint64))
	r.Figures["full_rss_mb"] = float64(statusBytes("VmRSS:")) / 1e6
	for range keptBelow {
		live = live.left
	}
	time.Sleep(time.Duration(settle) * time.Millisecond)
	r.Figures["idle_rss_mb"] = float64(statusBytes("VmRSS:")) / 1e6
	kept := 1<<(log2-keptBelow) - 1
	r.Figures["live_mb"] = float64(kept*64) / 1e6
	before := cpu()
	time.Sleep(time.Duration(window) * time.Millisecond)
	r.Figures["idle_cpu_pct"] = 100 * (cpu() - before).Seconds() / (float64(window) / 1e3)
	next := live.id
	live.check(&next)
}
