package runtime

import (
	"internal/chacha8rand"
	"math/bits"
	"unsafe"
)

// Random numbers: ChaCha8, seeded by the system, for whoever must not be able to guess them; and a fast generator for the
// runtime's own choices.

var globalRand struct {
	lock  mutex
	state chacha8rand.State
	ready bool
	cheap uint64
}

func randinit() {
	var seed [32]byte
	randomNative(unsafe.Pointer(&seed), 32)
	globalRand.state.Init(seed)
	globalRand.ready = true
	globalRand.cheap = bootstrapRand() | 1
}

func rand() uint64 {
	lock(&globalRand.lock)
	if !globalRand.ready {
		randinit()
	}
	for {
		if x, ok := globalRand.state.Next(); ok {
			unlock(&globalRand.lock)
			return x
		}
		globalRand.state.Refill()
	}
}

func rand32() uint32 { return uint32(rand() >> 32) }

// randn returns a number below n, as Lemire's multiplication does it.
func randn(n uint32) uint32 { return uint32((uint64(uint32(rand())) * uint64(n)) >> 32) }

// bootstrapRand is for before the generator is set up.
func bootstrapRand() uint64 {
	var x uint64
	randomNative(unsafe.Pointer(&x), 8)
	return x
}

// cheaprand is wyrand. Races between goroutines only make its sequence another one.
func cheaprand() uint32 {
	globalRand.cheap += 0xa0761d6478bd642f
	hi, lo := bits.Mul64(globalRand.cheap, globalRand.cheap^0xe7037ed1a0b428db)
	return uint32(hi ^ lo)
}

func cheaprandn(n uint32) uint32 { return uint32((uint64(cheaprand()) * uint64(n)) >> 32) }

//go:linkname maps_rand internal/runtime/maps.rand
func maps_rand() uint64 { return rand() }

//go:linkname legacy_fastrand runtime.fastrand
func legacy_fastrand() uint32 { return uint32(rand()) }

//go:linkname legacy_fastrandn runtime.fastrandn
func legacy_fastrandn(n uint32) uint32 { return randn(n) }

//go:linkname legacy_fastrand64 runtime.fastrand64
func legacy_fastrand64() uint64 { return rand() }
