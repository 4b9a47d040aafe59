// Functions and method values that reflection makes.
package main

import (
	"errors"
	"fmt"
	"reflect"
)

type counter struct{ n int }

func (c counter) Add(m int, s string, f float64) (string, error) {
	return fmt.Sprint(s, c.n+m, f), errors.New("of a method")
}

func swap(args []reflect.Value) []reflect.Value { return []reflect.Value{args[1], args[0]} }

type many [5]int

func main() {
	var f func(int, string) (string, int)
	f = reflect.MakeFunc(reflect.TypeOf(f), swap).Interface().(func(int, string) (string, int))
	fmt.Println(f(1, "one"))
	var g func(many, float32) (float32, many)
	g = reflect.MakeFunc(reflect.TypeOf(g), swap).Interface().(func(many, float32) (float32, many))
	fmt.Println(g(many{1, 2, 3, 4, 5}, 0.5))

	add := reflect.ValueOf(counter{40}).Method(0).Interface().(func(int, string, float64) (string, error))
	fmt.Println(add(2, "is ", 0.25))
	for _, v := range reflect.ValueOf(counter{1}).MethodByName("Add").Call(
		[]reflect.Value{reflect.ValueOf(1), reflect.ValueOf("two "), reflect.ValueOf(2.5)}) {
		fmt.Println(v)
	}
	calls := 0
	h := reflect.MakeFunc(reflect.TypeOf(func() *int { return nil }), func([]reflect.Value) []reflect.Value {
		calls++
		return []reflect.Value{reflect.ValueOf(&calls)}
	}).Interface().(func() *int)
	for range 100000 {
		h()
	}
	fmt.Println(*h())
}
