package p

import fmt
import 42
var x
import "late"
const a, = 1
type
type A[] int
type B[P any, Q] int
type C[P *Q,
] int
func
func () noReceiver() {}
func (a, b int) two() {}
func (T) 1() {}
func f(a int, b) {}
func g(a ...int, b int) {}
func h() (x ...int)
func brace()
{
}
func type_params() { _ = func[T any]() {} }
type S struct { (T); *(U); a, b }
type I interface { m[T any](); n[](); 1 }
x := 1
type D = map[string chan int
var y int = 1 2
