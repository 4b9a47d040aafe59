package runtime

import "unsafe"

// The program's tables (trigo_abi::module): from an address of code to function, file and line.

// A table is an array of the program.
type table[T any] struct {
	start *T
	len   int
}

func (t table[T]) slice() []T {
	if t.len == 0 {
		return nil
	}
	return unsafe.Slice(t.start, t.len)
}

// A text is a part of the program's strings.
type text struct {
	at  uint32
	len uint32
}

type module struct {
	text         uintptr
	textEnd      uintptr
	funcs        table[Func]
	lines        table[byte]
	files        table[text]
	strings      table[byte]
	roots        table[[3]uintptr]
	kinds        table[[2]uintptr]
	itabs        table[*itab]
	types        table[*_type]
	constants    uintptr
	constantsEnd uintptr
	main         uintptr
	sigpanic     uintptr
	goexit       uintptr
	modinfo      text
	memProfile   uintptr // the address of MemProfileRate, or 0
}

var modulePtr *module

func firstmodule() *module {
	if modulePtr == nil {
		modulePtr = moduleNative()
	}
	return modulePtr
}

func (m *module) string(t text) string {
	if t.len == 0 {
		return ""
	}
	return unsafe.String((*byte)(add(unsafe.Pointer(m.strings.start), uintptr(t.at))), int(t.len))
}

// A Func represents a Go function in the running binary.
type Func struct {
	start uint32
	size  uint32
	name  text
	file  uint32
	line  uint32
	lines uint32
	flags uint32
}

// Flags of functions: made to reach another one; without parameters; between a function and its deferred calls.
const (
	funcWrapper = 1
	funcNoArgs  = 2
	funcHidden  = 4
)

// findfunc returns the function that an address of code belongs to; nil if none does.
func findfunc(pc uintptr) *Func {
	m := firstmodule()
	if pc < m.text || pc >= m.textEnd {
		return nil
	}
	funcs := m.funcs.slice()
	lo, hi := 0, len(funcs)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if uintptr(funcs[mid].start) <= pc {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return nil
	}
	f := &funcs[lo-1]
	if pc >= uintptr(f.start)+uintptr(f.size) {
		return nil
	}
	return f
}

// position returns where the code at an address of the function comes from.
func (f *Func) position(pc uintptr) (file string, line int) {
	m := firstmodule()
	rest := m.lines.slice()[f.lines:]
	number, at, l := int64(f.file), uintptr(f.start), int64(f.line)
	for end := uintptr(f.start) + uintptr(f.size); at < end; {
		var n uint64
		var dline, dfile int64
		n, rest = readUnsigned(rest)
		dline, rest = readSigned(rest)
		dfile, rest = readSigned(rest)
		l += dline
		number += dfile
		at += uintptr(n)
		if pc < at || n == 0 && len(rest) == 0 {
			break
		}
	}
	return m.string(m.files.slice()[number]), int(l)
}

func readUnsigned(b []byte) (v uint64, rest []byte) {
	for shift := uint(0); len(b) > 0; shift += 7 {
		c := b[0]
		b = b[1:]
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	return v, b
}

func readSigned(b []byte) (int64, []byte) {
	z, rest := readUnsigned(b)
	return int64(z>>1) ^ -int64(z&1), rest
}

// FuncForPC returns the function that an address of code belongs to, or else nil.
func FuncForPC(pc uintptr) *Func { return findfunc(pc) }

// Name returns the name of the function.
func (f *Func) Name() string {
	if f == nil {
		return ""
	}
	return firstmodule().string(f.name)
}

// Entry returns the entry address of the function.
func (f *Func) Entry() uintptr { return uintptr(f.start) }

// FileLine returns the file name and line number of the source code corresponding to the program counter pc.
func (f *Func) FileLine(pc uintptr) (file string, line int) {
	if f == nil {
		return "?", 0
	}
	return f.position(pc)
}

func (f *Func) startLine() int { return int(f.line) }

// Frames may be used to get function/file/line information for a slice of PC values returned by Callers.
type Frames struct {
	callers []uintptr
}

// Frame is the information returned by Frames for each call frame.
type Frame struct {
	// PC is the program counter for the location in this frame; for a frame that calls another, that of the call.
	PC uintptr
	// Func is the function of this call frame; nil for what is no Go function, or inlined.
	Func *Func
	// Function is the package path-qualified function name of this call frame.
	Function string
	// File and Line are the file name and line number of the location in this frame.
	File string
	Line int

	startLine int

	// Entry is the entry point program counter for the function.
	Entry uintptr

	info *Func
}

// CallersFrames takes a slice of PC values returned by Callers and prepares to return function/file/line information.
func CallersFrames(callers []uintptr) *Frames { return &Frames{callers: callers} }

// Next returns a Frame representing the next call frame in the slice of PC values, and whether there are more.
func (ci *Frames) Next() (frame Frame, more bool) {
	for len(ci.callers) > 0 {
		pc := ci.callers[0]
		ci.callers = ci.callers[1:]
		f := findfunc(pc - 1)
		if f == nil {
			continue
		}
		frame = Frame{PC: pc - 1, Func: f, Function: f.Name(), startLine: f.startLine(), Entry: f.Entry(), info: f}
		frame.File, frame.Line = f.position(pc - 1)
		return frame, len(ci.callers) > 0
	}
	return
}

// callers fills pcs with the return addresses of the frames that follow, without wrappers and the first skip.
func (u *unwinder) callers(pcs []uintptr, skip int) (n int) {
	for n < len(pcs) {
		f, pc := u.nextFunc()
		switch {
		case f == nil:
			return n
		case f.flags&(funcWrapper|funcHidden) != 0:
		case skip > 0:
			skip--
		default:
			pcs[n] = pc
			n++
		}
	}
	return n
}

// Callers fills the slice pc with the return program counters of function invocations on the calling goroutine's stack.
// The argument skip is the number of stack frames to skip before recording in pc, with 0 identifying the frame for Callers
// itself and 1 identifying the caller of Callers. It returns the number of entries written to pc.
//
//go:noinline
func Callers(skip int, pc []uintptr) int {
	if len(pc) == 0 {
		return 0
	}
	u := unwind(getfp())
	if skip == 0 {
		self := Callers
		pc[0] = **(**uintptr)(unsafe.Pointer(&self)) + 1
		return 1 + u.callers(pc[1:], 0)
	}
	return u.callers(pc, skip-1)
}

// Caller reports file and line number information about function invocations on the calling goroutine's stack. The
// argument skip is the number of stack frames to ascend, with 0 identifying the caller of Caller.
//
//go:noinline
func Caller(skip int) (pc uintptr, file string, line int, ok bool) {
	var pcs [1]uintptr
	u := unwind(getfp())
	if u.callers(pcs[:], skip) < 1 {
		return
	}
	f := findfunc(pcs[0] - 1)
	file, line = f.position(pcs[0] - 1)
	return pcs[0], file, line, true
}

//go:linkname runtime_FrameStartLine runtime/pprof.runtime_FrameStartLine
func runtime_FrameStartLine(f *Frame) int { return f.startLine }

//go:linkname runtime_FrameSymbolName runtime/pprof.runtime_FrameSymbolName
func runtime_FrameSymbolName(f *Frame) string { return f.Function }

//go:linkname runtime_expandFinalInlineFrame runtime/pprof.runtime_expandFinalInlineFrame
func runtime_expandFinalInlineFrame(stk []uintptr) []uintptr { return stk }
