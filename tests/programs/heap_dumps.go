// A dump of the heap has the objects that are alive.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"
)

type node struct {
	mark [16]byte
	next *node
}

var first *node

//go:noinline
func build() {
	first = &node{next: &node{}}
	copy(first.mark[:], "dump-me-please-1")
	copy(first.next.mark[:], "dump-me-please-2")
}

func main() {
	build()
	f, err := os.CreateTemp("", "heap")
	if err != nil {
		panic(err)
	}
	defer os.Remove(f.Name())
	debug.WriteHeapDump(f.Fd())
	dump, err := os.ReadFile(f.Name())
	if err != nil {
		panic(err)
	}
	fmt.Println(bytes.HasPrefix(dump, []byte("go1.7 heap dump\n")), dump[len(dump)-1])
	next := binary.LittleEndian.AppendUint64(nil, uint64(uintptr(unsafe.Pointer(first.next))))
	object := append([]byte("dump-me-please-1"), next...)
	at := bytes.Index(dump, object)
	// A record is a tag, an address and a length; behind the contents are the offsets of pointers.
	address := binary.AppendUvarint([]byte{1}, uint64(uintptr(unsafe.Pointer(first))))
	head := at - len(address) - 1
	fmt.Println(head >= 0 && bytes.Equal(dump[head:at-1], address))
	size := int(dump[at-1])
	fmt.Println(size >= len(object), bytes.Equal(dump[at+size:at+size+3], []byte{1, 16, 0}))
	fmt.Println(bytes.Contains(dump, []byte("dump-me-please-2")))
	runtime.KeepAlive(first)
}
