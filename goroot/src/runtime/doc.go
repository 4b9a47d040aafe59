// Package runtime is Trigo's: what compiled Go programs call, as far as it handles values of Go types and so is best
// written in Go. Threads, stacks, memory, time, signals and scheduling are the Rust half's (crates/runtime); natives.go
// has the border.
//
// It keeps the exported interface of Go's package and the names that the standard library links to. Names and signatures
// of what compilers call are those of Go's cmd/compile/internal/typecheck/_builtin/runtime.go, where that has the
// operation.
//
// # Rules
//
// A goroutine that holds a lock (lock.go) is not taken off its thread, except to answer the collector. Memory that
// only the Rust half knows holds no pointers into the heap, except the runtime.g's, which are roots.
package runtime
