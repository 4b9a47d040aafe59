package runtime

import (
	"internal/runtime/atomic"
	"internal/strconv"
	"unsafe"
)

// Output of print and println, and of what the runtime says when a program ends. All that is printed between printlock
// and printunlock by one goroutine stays together.

var printing struct {
	lock  mutex
	owner *g
	depth int
	n     int
	buf   [512]byte
	// Where it goes instead of the standard error output.
	to       []byte
	toMemory bool
}

func printlock() {
	gp := getg()
	if printing.owner != gp {
		lock(&printing.lock)
		printing.owner = gp
	}
	printing.depth++
}

func printunlock() {
	printing.depth--
	if printing.depth == 0 {
		printflush()
		printing.owner = nil
		unlock(&printing.lock)
	}
}

func printflush() {
	if n := printing.n; n != 0 {
		printing.n = 0
		writeNative(2, unsafe.Pointer(&printing.buf[0]), int32(n))
		if fd := crashFD.Load(); fd != 0 && getg().throwing {
			writeNative(fd-1, unsafe.Pointer(&printing.buf[0]), int32(n))
		}
	}
}

// crashFD is one more than the file that gets what is said when the program crashes, beside the standard error output; 0
// for none.
var crashFD atomic.Uintptr

//go:linkname setCrashFD
func setCrashFD(fd uintptr) uintptr { return crashFD.Swap(fd+1) - 1 }

// gwrite appends to the output; the print lock is held.
func gwrite(s string) {
	if printing.toMemory {
		at := len(printing.to)
		printing.to = printing.to[:min(at+len(s), cap(printing.to))]
		copy(printing.to[at:], s)
		return
	}
	for len(s) > 0 {
		if printing.n == len(printing.buf) {
			printflush()
		}
		n := copy(printing.buf[printing.n:], s)
		printing.n += n
		s = s[n:]
	}
}

func printstring(s string) {
	printlock()
	gwrite(s)
	printunlock()
}

func printsp() { printstring(" ") }

func printnl() { printstring("\n") }

func printbool(v bool) {
	if v {
		printstring("true")
	} else {
		printstring("false")
	}
}

func printint(v int64) {
	printlock()
	if v < 0 {
		gwrite("-")
		v = -v
	}
	printuint(uint64(v))
	printunlock()
}

func printuint(v uint64) {
	var buf [20]byte
	i := len(buf)
	for {
		i--
		buf[i] = byte('0' + v%10)
		v /= 10
		if v == 0 {
			break
		}
	}
	printbytes(buf[i:])
}

func printuintptr(p uintptr) { printuint(uint64(p)) }

func printbytes(b []byte) { printstring(unsafe.String(unsafe.SliceData(b), len(b))) }

func printhex(v uint64) {
	const digits = "0123456789abcdef"
	var buf [18]byte
	i := len(buf)
	for {
		i--
		buf[i] = digits[v%16]
		v /= 16
		if v == 0 {
			break
		}
	}
	i--
	buf[i] = 'x'
	i--
	buf[i] = '0'
	printbytes(buf[i:])
}

func printpointer(p unsafe.Pointer) { printhex(uint64(uintptr(p))) }

func printfloat64(v float64) { printfloat(v, 64) }

func printfloat32(v float32) { printfloat(float64(v), 32) }

func printfloat(v float64, bits int) {
	var buf [32]byte
	printbytes(strconv.AppendFloat(buf[:0], v, 'g', -1, bits))
}

func printcomplex128(c complex128) { printcomplex(c, 128) }

func printcomplex64(c complex64) { printcomplex(complex128(c), 64) }

func printcomplex(c complex128, bits int) {
	var buf [64]byte
	printbytes(strconv.AppendComplex(buf[:0], c, 'g', -1, bits))
}

func printslice(s []byte) {
	sp := (*slice)(unsafe.Pointer(&s))
	printlock()
	gwrite("[")
	printint(int64(sp.len))
	gwrite("/")
	printint(int64(sp.cap))
	gwrite("]")
	printpointer(sp.array)
	printunlock()
}

func printeface(e eface) {
	printlock()
	gwrite("(")
	printpointer(unsafe.Pointer(e._type))
	gwrite(",")
	printpointer(e.data)
	gwrite(")")
	printunlock()
}

func printiface(i iface) {
	printlock()
	gwrite("(")
	printpointer(unsafe.Pointer(i.tab))
	gwrite(",")
	printpointer(i.data)
	gwrite(")")
	printunlock()
}

// printquoted prints a string as a Go literal would write it.
func printquoted(s string) {
	const digits = "0123456789abcdef"
	printlock()
	gwrite(`"`)
	for _, r := range s {
		switch {
		case r == '\n':
			gwrite(`\n`)
		case r == '\r':
			gwrite(`\r`)
		case r == '\t':
			gwrite(`\t`)
		case r == '"' || r == '\\':
			gwrite(`\`)
			printrune(r)
		case r >= ' ' && r < 0x7f:
			printrune(r)
		case r < 0x80:
			gwrite(`\x`)
			printrune(rune(digits[r>>4]))
			printrune(rune(digits[r&15]))
		case r < 0x10000:
			gwrite(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				printrune(rune(digits[r>>shift&15]))
			}
		default:
			gwrite(`\U`)
			for shift := 28; shift >= 0; shift -= 4 {
				printrune(rune(digits[r>>shift&15]))
			}
		}
	}
	gwrite(`"`)
	printunlock()
}

func printrune(r rune) {
	b := [1]byte{byte(r)}
	printbytes(b[:])
}

// printindented prints a text whose further lines are indented by a tab.
func printindented(s string) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\n' {
			printstring(s[:i+1])
			printstring("\t")
			s, i = s[i+1:], -1
		}
	}
	printstring(s)
}
