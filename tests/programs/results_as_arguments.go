// What a call with several results gives can be all arguments of a built-in function too.
package main

func ints() ([]int, int, int)          { return []int{1}, 2, 3 }
func bytes() ([]byte, string)          { return make([]byte, 2), "abc" }
func entry() (map[string]int, string)  { return table, "gone" }
func parts() (float64, float64)        { return 1.5, -2 }
func mixed() (int8, string, any, bool) { return -1, "text", nil, true }
func three() (int, int, int)           { return 5, 3, 9 }

var table = map[string]int{"gone": 1, "kept": 2}

func assert[T any](x any) (T, bool) {
	t, ok := x.(T)
	return t, ok
}

func main() {
	println(len(append(ints())), copy(bytes()))
	delete(entry())
	println(len(table), table["kept"])
	c := complex(parts())
	println(real(c), imag(c))
	println(mixed())
	println(min(three()), max(three()))
	println(assert[int](7))
	println(assert[string](7))
	defer println(mixed())
	defer print(assert[int8](int8(3)))
}
