// Spectral approximates the spectral norm of an infinite matrix by the power method.
package main

import (
	"fmt"
	"math"
)

func element(i, j int) float64 {
	return 1 / float64((i+j)*(i+j+1)/2+i+1)
}

func times(v, out []float64) {
	for i := range out {
		var sum float64
		for j, x := range v {
			sum += element(i, j) * x
		}
		out[i] = sum
	}
}

func timesTransposed(v, out []float64) {
	for i := range out {
		var sum float64
		for j, x := range v {
			sum += element(j, i) * x
		}
		out[i] = sum
	}
}

func main() {
	const n = 4000
	u, v, w := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range u {
		u[i] = 1
	}
	for range 10 {
		times(u, w)
		timesTransposed(w, v)
		times(v, w)
		timesTransposed(w, u)
	}
	var uv, vv float64
	for i := range u {
		uv += u[i] * v[i]
		vv += v[i] * v[i]
	}
	fmt.Printf("%.9f\n", math.Sqrt(uv/vv))
}
