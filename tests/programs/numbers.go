// Arithmetic and conversions.
package main

type small int8

func main() {
	var i8 int8 = 127
	i8++
	println(i8, -i8, i8/-1)
	var u8 uint8 = 200
	println(u8+100, u8<<1, u8>>1, ^u8, u8&^8)
	var s uint = 70
	println(1<<s == 0, int32(-8)>>s, uint32(8)>>s, int64(-1)<<63>>63)
	x, y := -7, 2
	println(x/y, x%y, x&y, x|y, x^y)
	f := 1e10
	println(int32(int64(f)), uint8(int(f)), int64(-3.9+f-f), uint64(f))
	var big uint64 = 1<<63 + 1025
	println(float64(big) == 9223372036854776832, float32(big) > 9e18)
	c := complex(1, 2)
	d := c * c / (3 - 1i)
	println(real(d), imag(d), c == complex(1, 2), real(c*2))
	var c64 complex64 = complex64(c)
	println(real(c64*c64), imag(-c64))
	println(min(3, 1, 2), max(2.5, 1), min("b", "a"), max(small(1), 5))
	zero := 0.0
	nan := zero / zero
	println(nan == nan, nan != nan, nan < 1, min(nan, 1) == 1)
	println(string(rune(0x4e16)), string([]rune{72, 105}), string([]byte("bytes")), len([]rune("é世")))
	b := []byte("hello")
	copy(b[1:], "EL")
	println(string(b), len(b[1:3]), cap(b[1:3:4]))
	a := [4]int{1, 2, 3, 4}
	t := a[1:3]
	t = append(t, 9)
	println(a[3], len(t), cap(t))
	t = append(t, 10, 11, 12)
	t[0] = 100
	println(a[1], len(t), t[5])
	arr := [2]int(t)
	ptr := (*[3]int)(t)
	ptr[1] = 55
	println(arr[0], arr[1], t[1])
	type key struct {
		a string
		b any
		c [2]float64
	}
	k1, k2 := key{"x", 1, [2]float64{1, 2}}, key{"x", 1, [2]float64{1, 2}}
	println(k1 == k2, any(k1) == any(k2), k1 != key{})
	m := map[key]int{k1: 5}
	m[k2]++
	v, ok := m[key{}]
	println(m[k1], v, ok, len(m))
	clear(m)
	println(len(m))
	p := new(5)
	*p += 2
	println(*p)
	const huge = 1 << 100
	println(huge>>98, uint32(1<<32-1), 'a', "con"+"stant")
	println("a" < "b", "ab" < "a", "x" == "x"+"", "abc"[1], "abc"[1:])
}
