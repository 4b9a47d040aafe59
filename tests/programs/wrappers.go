// Methods that are reached through embedded fields: no frame of a wrapper stays, and recover looks through those of
// reflection.
package main

import (
	"fmt"
	"reflect"
	"runtime/debug"
)

type counter interface{ count(from int) (int, string) }

type end struct{}

func (end) count(from int) (int, string) { return from + 1, "end" }

type link struct {
	counter
	padding int
}

// deep calls a method through many wrappers on a small stack.
func deep() (n int, s string) {
	done := make(chan bool)
	go func() {
		var c counter = end{}
		for i := range 20000 {
			c = &link{c, i}
		}
		n, s = c.count(1)
		done <- true
	}()
	<-done
	return n, s
}

type saver struct{ saved *any }

func (s saver) Save()            { *s.saved = recover() }
func (s *saver) SaveByPointer()  { *s.saved = recover() }
func (s saver) Many(a, b string) { *s.saved = fmt.Sprint(recover(), a, b) }

type embeds struct {
	*saver
	name string
}

// try has a function deferred while it panics.
func try(deferred func(), saved *any) any {
	defer func() {
		if p := recover(); p != nil {
			*saved = fmt.Sprint("not recovered: ", p)
		}
	}()
	func() {
		defer deferred()
		panic("trouble")
	}()
	return *saved
}

func main() {
	debug.SetMaxStack(1 << 17)
	fmt.Println(deep())
	debug.SetMaxStack(1 << 26)
	var saved any
	s := saver{&saved}
	for _, f := range []func(){
		s.Save,
		s.SaveByPointer,
		embeds{&s, "e"}.Save,
		reflect.ValueOf(s).MethodByName("Save").Interface().(func()),
		reflect.ValueOf(&s).MethodByName("SaveByPointer").Interface().(func()),
		reflect.ValueOf(embeds{&s, "e"}).MethodByName("Save").Interface().(func()),
		func() { s.Save() },
		reflect.MakeFunc(reflect.TypeFor[func()](), func([]reflect.Value) []reflect.Value {
			saved = recover()
			return nil
		}).Interface().(func()),
	} {
		saved = nil
		try(f, &saved)
		fmt.Println(saved)
	}
	many := reflect.ValueOf(s).MethodByName("Many").Interface().(func(a, b string))
	func() {
		defer many("x", "y")
		panic("more")
	}()
	fmt.Println(saved)
}
