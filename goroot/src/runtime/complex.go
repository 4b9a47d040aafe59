package runtime

// complex128div is n/m. Where the quotient by the formula is not a number, what is infinite and what is zero decides, as C99's
// annex G has it.
func complex128div(n, m complex128) complex128 {
	var e, f float64
	a, b := real(n), imag(n)
	c, d := real(m), imag(m)
	// Smith's way: no overflow where the quotient has none.
	if abs(c) >= abs(d) {
		ratio := d / c
		denominator := c + ratio*d
		e, f = (a+b*ratio)/denominator, (b-a*ratio)/denominator
	} else {
		ratio := c / d
		denominator := d + ratio*c
		e, f = (a*ratio+b)/denominator, (b*ratio-a)/denominator
	}
	if !isNaN(e) || !isNaN(f) {
		return complex(e, f)
	}
	switch {
	case m == 0 && (!isNaN(a) || !isNaN(b)):
		inf := copysign(inf(), c)
		return complex(inf*a, inf*b)
	case (isInf(a) || isInf(b)) && isFinite(c) && isFinite(d):
		a, b = unit(a), unit(b)
		return complex(inf()*(a*c+b*d), inf()*(b*c-a*d))
	case (isInf(c) || isInf(d)) && isFinite(a) && isFinite(b):
		c, d = unit(c), unit(d)
		return complex(0*(a*c+b*d), 0*(b*c-a*d))
	}
	return complex(e, f)
}

// unit is 1 for an infinity and 0 for all else, with the number's sign.
func unit(f float64) float64 {
	if isInf(f) {
		return copysign(1, f)
	}
	return copysign(0, f)
}

func inf() float64 {
	var zero float64
	return 1 / zero
}

func isNaN(f float64) bool    { return f != f }
func isFinite(f float64) bool { return !isNaN(f - f) }
func isInf(f float64) bool    { return !isNaN(f) && !isFinite(f) }

func abs(f float64) float64 {
	if f < 0 {
		return -f
	}
	return f
}

func copysign(f, sign float64) float64 {
	if (f < 0 || 1/f < 0) != (sign < 0 || 1/sign < 0) {
		return -f
	}
	return f
}
