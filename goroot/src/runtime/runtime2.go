package runtime

import (
	"internal/abi"
	"unsafe"
)

type (
	_type         = abi.Type
	maptype       = abi.MapType
	chantype      = abi.ChanType
	slicetype     = abi.SliceType
	functype      = abi.FuncType
	ptrtype       = abi.PtrType
	arraytype     = abi.ArrayType
	structtype    = abi.StructType
	interfacetype = abi.InterfaceType
	uncommontype  = abi.UncommonType
	itab          = abi.ITab
	nameOff       = abi.NameOff
	typeOff       = abi.TypeOff
	textOff       = abi.TextOff
)

// Layouts of values, as compiled code has them.

type eface struct {
	_type *_type
	data  unsafe.Pointer
}

type iface struct {
	tab  *itab
	data unsafe.Pointer
}

type slice struct {
	array unsafe.Pointer
	len   int
	cap   int
}

type stringStruct struct {
	str unsafe.Pointer
	len int
}

type funcval struct {
	fn uintptr
	// What the function captured follows.
}

func efaceOf(ep *any) *eface { return (*eface)(unsafe.Pointer(ep)) }

func add(p unsafe.Pointer, x uintptr) unsafe.Pointer { return unsafe.Pointer(uintptr(p) + x) }

// A g is a goroutine as Go code sees it. It lies in the Rust half's memory and is used again for another goroutine, but
// never given back. Its beginning is known to compiled code (trigo_abi::g), all of it to the Rust half
// (crates/runtime/src/goroutine.rs). Its first gPointers words are roots.
type g struct {
	deferframe *_deferframe // innermost frame that may have deferred calls
	_panic     *_panic      // innermost panic
	param      unsafe.Pointer
	labels     unsafe.Pointer
	coroarg    *coro
	timer      *timer // for Sleep
	bubble     *synctestBubble
	spare      [9]unsafe.Pointer

	// Scalars.
	goid          uint64
	parentGoid    uint64
	gopc          uintptr // the go statement
	startpc       uintptr
	sigcode0      uintptr
	sigcode1      uintptr
	sigpc         uintptr
	sig           uint32
	selectDone    uint32 // 1 once a select has a winner
	locks         int32
	waitreason    uint8
	leaked        bool // nothing can wake it, as the last leak cycle found
	paniconfault  bool
	goexiting     bool
	throwing      bool
	fipsOnly      bool
	fipsIndicator uint8
	wired         bool // to its thread
	insyscall     bool // the calls of the system that it makes may wait
	idle          bool // to its bubble
	waitsince     int64
	syncSafe      uint64
	stackLo       uintptr // its first stack: frames there are further out than all others
	stackHi       uintptr
	// What it waits for: its first *sudog, in lock order, or the address of the semaphore or list. The objects are in its
	// frames; they are no root of the g, so that a leak cycle can tell whether anybody else has them.
	waiting uintptr
}

// gPointers is the number of words of a g that may point into the heap.
const gPointers = 16

// A mutex is a lock between goroutines that run at the same time; see lock.go.
type mutex struct {
	key uint32
}
