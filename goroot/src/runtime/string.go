package runtime

import (
	"internal/bytealg"
	"unsafe"
)

// Strings: concatenation, conversions, runes. Buffers that compiled code offers for results that do not outlive it may be
// nil.

const (
	tmpStringBufSize = 32

	runeError = '\uFFFD'
	maxRune   = '\U0010FFFF'
)

type tmpBuf [tmpStringBufSize]byte

// rawstring makes room for a string of n bytes.
func rawstring(n int) (s string, b []byte) {
	p := mallocgc(uintptr(n), nil, false)
	return unsafe.String((*byte)(p), n), unsafe.Slice((*byte)(p), n)
}

func rawstringtmp(buf *tmpBuf, n int) (s string, b []byte) {
	if buf != nil && n <= len(buf) {
		return unsafe.String(&buf[0], n), buf[:n]
	}
	return rawstring(n)
}

// rawbyteslice makes room for n bytes, the rest of whose slot is zero.
func rawbyteslice(n int) []byte {
	size := roundupsize(uintptr(n), true)
	p := mallocgc(size, nil, false)
	memclrNoHeapPointers(add(p, uintptr(n)), size-uintptr(n))
	return unsafe.Slice((*byte)(p), size)[:n]
}

func rawruneslice(n int) []rune {
	if uintptr(n) > maxAlloc/4 {
		throw("out of memory")
	}
	size := roundupsize(uintptr(n)*4, true)
	p := mallocgc(size, nil, false)
	memclrNoHeapPointers(add(p, uintptr(n)*4), size-uintptr(n)*4)
	return unsafe.Slice((*rune)(p), size/4)[:n]
}

// concatstrings is the sum of strings.
func concatstrings(buf *tmpBuf, a []string) string {
	n, count, last := 0, 0, 0
	for i, x := range a {
		if len(x) == 0 {
			continue
		}
		if n += len(x); n < 0 {
			throw("string concatenation too long")
		}
		count++
		last = i
	}
	if count == 0 {
		return ""
	}
	if count == 1 && (buf != nil || !onStack(a[last])) {
		return a[last]
	}
	s, b := rawstringtmp(buf, n)
	for _, x := range a {
		copy(b, x)
		b = b[len(x):]
	}
	return s
}

// onStack reports whether a string's bytes lie in the running goroutine's frames.
func onStack(s string) bool {
	p, gp := uintptr(unsafe.Pointer(unsafe.StringData(s))), getg()
	return gp.stackLo <= p && p < gp.stackHi
}

func concatstring2(buf *tmpBuf, a0, a1 string) string {
	return concatstrings(buf, []string{a0, a1})
}

func concatstring3(buf *tmpBuf, a0, a1, a2 string) string {
	return concatstrings(buf, []string{a0, a1, a2})
}

func concatstring4(buf *tmpBuf, a0, a1, a2, a3 string) string {
	return concatstrings(buf, []string{a0, a1, a2, a3})
}

func concatstring5(buf *tmpBuf, a0, a1, a2, a3, a4 string) string {
	return concatstrings(buf, []string{a0, a1, a2, a3, a4})
}

// concatbytes is []byte of a sum of strings.
func concatbytes(buf *tmpBuf, a []string) []byte {
	n := 0
	for _, x := range a {
		if n += len(x); n < 0 {
			throw("string concatenation too long")
		}
	}
	if n == 0 {
		return []byte{}
	}
	var b []byte
	if buf != nil && n <= len(buf) {
		*buf = tmpBuf{}
		b = buf[:n]
	} else {
		b = rawbyteslice(n)
	}
	at := 0
	for _, x := range a {
		at += copy(b[at:], x)
	}
	return b
}

func concatbyte2(buf *tmpBuf, a0, a1 string) []byte { return concatbytes(buf, []string{a0, a1}) }

func concatbyte3(buf *tmpBuf, a0, a1, a2 string) []byte {
	return concatbytes(buf, []string{a0, a1, a2})
}

func concatbyte4(buf *tmpBuf, a0, a1, a2, a3 string) []byte {
	return concatbytes(buf, []string{a0, a1, a2, a3})
}

func concatbyte5(buf *tmpBuf, a0, a1, a2, a3, a4 string) []byte {
	return concatbytes(buf, []string{a0, a1, a2, a3, a4})
}

func slicebytetostring(buf *tmpBuf, ptr *byte, n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		// A string of one byte lies in the table of small numbers, which is little-endian.
		return unsafe.String((*byte)(unsafe.Pointer(&staticuint64s[*ptr])), 1)
	}
	s, b := rawstringtmp(buf, n)
	copy(b, unsafe.Slice(ptr, n))
	return s
}

// slicebytetostringtmp is a string of the bytes themselves, which do not change while it is used.
func slicebytetostringtmp(ptr *byte, n int) string { return unsafe.String(ptr, n) }

func stringtoslicebyte(buf *tmpBuf, s string) []byte {
	var b []byte
	if buf != nil && len(s) <= len(buf) {
		*buf = tmpBuf{}
		b = buf[:len(s)]
	} else {
		b = rawbyteslice(len(s))
	}
	copy(b, s)
	return b
}

func stringtoslicerune(buf *[tmpStringBufSize]rune, s string) []rune {
	n := countrunes(s)
	var a []rune
	if buf != nil && n <= len(buf) {
		*buf = [tmpStringBufSize]rune{}
		a = buf[:n]
	} else {
		a = rawruneslice(n)
	}
	n = 0
	for _, r := range s {
		a[n] = r
		n++
	}
	return a
}

func slicerunetostring(buf *tmpBuf, a []rune) string {
	var dum [4]byte
	n := 0
	for _, r := range a {
		if n += encoderune(dum[:], r); n < 0 {
			throw("out of memory")
		}
	}
	// Encoding writes up to three bytes beyond what it needs.
	s, b := rawstringtmp(buf, n+3)
	at := 0
	for _, r := range a {
		if at >= n {
			break
		}
		at += encoderune(b[at:], r)
	}
	return s[:n]
}

func intstring(buf *[4]byte, v int64) string {
	var s string
	var b []byte
	if buf != nil {
		b = buf[:]
		s = unsafe.String(&buf[0], len(buf))
	} else {
		s, b = rawstring(4)
	}
	if int64(rune(v)) != v {
		v = runeError
	}
	return s[:encoderune(b, rune(v))]
}

func countrunes(s string) int {
	n := 0
	for i := 0; i < len(s); n++ {
		if s[i] < 0x80 {
			i++
		} else {
			_, i = decoderune(s, i)
		}
	}
	return n
}

// decoderune returns the rune that begins at s[k] and where the next one does. As in package unicode/utf8, an invalid
// sequence is runeError of one byte.
func decoderune(s string, k int) (r rune, pos int) {
	pos = k
	s = s[k:]
	switch c := s[0]; {
	case c < 0x80:
		return rune(c), pos + 1
	case 0xC2 <= c && c < 0xE0:
		if len(s) > 1 && continues(s[1]) {
			return rune(c&0x1F)<<6 | rune(s[1]&0x3F), pos + 2
		}
	case 0xE0 <= c && c < 0xF0:
		if len(s) > 2 && continues(s[1]) && continues(s[2]) {
			r = rune(c&0x0F)<<12 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F)
			if r >= 0x800 && !(0xD800 <= r && r <= 0xDFFF) {
				return r, pos + 3
			}
		}
	case 0xF0 <= c && c < 0xF5:
		if len(s) > 3 && continues(s[1]) && continues(s[2]) && continues(s[3]) {
			r = rune(c&0x07)<<18 | rune(s[1]&0x3F)<<12 | rune(s[2]&0x3F)<<6 | rune(s[3]&0x3F)
			if 0x10000 <= r && r <= maxRune {
				return r, pos + 4
			}
		}
	}
	return runeError, pos + 1
}

func continues(b byte) bool { return b&0xC0 == 0x80 }

// encoderune writes a rune to p, which has room for four bytes or for as many as it takes, and returns how many those are.
func encoderune(p []byte, r rune) int {
	switch i := uint32(r); {
	case i < 0x80:
		p[0] = byte(r)
		return 1
	case i < 0x800:
		_ = p[1]
		p[0] = 0xC0 | byte(r>>6)
		p[1] = 0x80 | byte(r)&0x3F
		return 2
	case i > maxRune, 0xD800 <= i && i <= 0xDFFF:
		r = runeError
		fallthrough
	case i < 0x10000:
		_ = p[2]
		p[0] = 0xE0 | byte(r>>12)
		p[1] = 0x80 | byte(r>>6)&0x3F
		p[2] = 0x80 | byte(r)&0x3F
		return 3
	}
	_ = p[3]
	p[0] = 0xF0 | byte(r>>18)
	p[1] = 0x80 | byte(r>>12)&0x3F
	p[2] = 0x80 | byte(r>>6)&0x3F
	p[3] = 0x80 | byte(r)&0x3F
	return 4
}

// gostringnocopy is the string of the bytes up to a zero.
func gostringnocopy(p *byte) string {
	n := bytealg.IndexByteString(unsafe.String(p, 1<<30), 0)
	return unsafe.String(p, n)
}
