//! Binary floating-point numbers with a 512-bit mantissa, the fallback for
//! untyped constants whose exact fraction would grow too large.
//!
//! A number is `mant · 2^exp` with an odd mantissa of at most [`PRECISION`]
//! bits, rounded to nearest even after each operation. The precision is the
//! one Go's compiler guarantees (`go/constant`, `prec = 512`).

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

/// Bits of mantissa kept by every operation.
pub const PRECISION: u64 = 512;

/// Exponents beyond this magnitude are infinite or zero, as in Go's `big.Float`.
const MAX_EXP: i64 = i32::MAX as i64;

/// A rounded binary floating-point number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BigFloat {
    /// `mant · 2^exp`; zero has mantissa and exponent zero.
    Finite {
        /// The signed mantissa: odd, or zero.
        mant: BigInt,
        /// The binary exponent of the mantissa's lowest bit.
        exp: i64,
    },
    /// A magnitude too large to represent.
    Infinite {
        /// Whether the number is below zero.
        negative: bool,
    },
}

/// How a mantissa that is too long is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    NearestEven,
    Down,
    Up,
}

impl BigFloat {
    /// Rounds `mant · 2^exp` to [`PRECISION`] bits.
    pub fn new(mant: BigInt, exp: i64) -> Self {
        Self::rounded(mant, exp, PRECISION, Rounding::NearestEven)
    }

    pub(super) fn rounded(mant: BigInt, exp: i64, precision: u64, how: Rounding) -> Self {
        let (sign, mag) = mant.into_parts();
        let (mag, exp) = round_magnitude(mag, exp, precision, how, sign == Sign::Minus);
        if mag.is_zero() {
            return Self::zero();
        }
        let zeros = mag.trailing_zeros().unwrap_or(0);
        let exp = exp + zeros as i64;
        let mag = mag >> zeros;
        let top = exp.saturating_add(mag.bits() as i64);
        if top > MAX_EXP {
            return Self::Infinite { negative: sign == Sign::Minus };
        }
        if top < -MAX_EXP {
            return Self::zero();
        }
        Self::Finite { mant: BigInt::from_biguint(sign, mag), exp }
    }

    /// The number zero.
    pub fn zero() -> Self {
        Self::Finite { mant: BigInt::zero(), exp: 0 }
    }

    /// The nearest number to an integer.
    pub fn from_int(x: &BigInt) -> Self {
        Self::new(x.clone(), 0)
    }

    /// The nearest number to a fraction.
    pub fn from_rat(x: &BigRational) -> Self {
        Self::quotient(x.numer(), 0, x.denom(), 0)
    }

    /// The number equal to a finite `f64`.
    pub fn from_f64(x: f64) -> Self {
        let bits = x.to_bits();
        let raw = ((bits >> 52) & 0x7ff) as i64;
        let frac = bits & ((1 << 52) - 1);
        let (mant, exp) = if raw == 0 { (frac, -1074) } else { (frac | 1 << 52, raw - 1075) };
        let mant = BigInt::from(mant);
        Self::new(if x < 0.0 { -mant } else { mant }, exp)
    }

    fn quotient(a: &BigInt, aexp: i64, b: &BigInt, bexp: i64) -> Self {
        if a.is_zero() {
            return Self::zero();
        }
        let shift = (PRECISION as i64 + 2 + b.bits() as i64 - a.bits() as i64).max(0);
        let (q, r) = (a << shift as u64).div_rem(b);
        let mut mant = q << 1u8;
        if !r.is_zero() {
            mant += if a.is_negative() == b.is_negative() { 1 } else { -1 };
        }
        Self::new(mant, aexp - bexp - shift - 1)
    }

    /// The `f64` nearest to a fraction, rounded once.
    pub fn rat_to_f64(x: &BigRational) -> f64 {
        let (a, b) = (x.numer(), x.denom());
        let shift = (130 + b.bits() as i64 - a.bits() as i64).max(0);
        let (q, r) = (a << shift as u64).div_rem(b);
        // A last bit stands for what is cut off.
        let sticky = i32::from(!r.is_zero()) * if a.is_negative() { -1 } else { 1 };
        to_f64(&((q << 1u8) + sticky), -shift - 1)
    }

    /// The `f64` nearest to an integer, rounded once.
    pub fn int_to_f64(x: &BigInt) -> f64 {
        to_f64(x, 0)
    }

    /// Whether the number is infinite.
    pub fn is_infinite(&self) -> bool {
        matches!(self, Self::Infinite { .. })
    }

    /// The sign: -1, 0 or 1.
    pub fn signum(&self) -> i32 {
        match self {
            Self::Finite { mant, .. } => match mant.sign() {
                Sign::Minus => -1,
                Sign::NoSign => 0,
                Sign::Plus => 1,
            },
            Self::Infinite { negative } => {
                if *negative {
                    -1
                } else {
                    1
                }
            }
        }
    }

    /// The exponent `e` for which the magnitude is in `[2^(e-1), 2^e)`; 0 for zero.
    pub fn exponent(&self) -> i64 {
        match self {
            Self::Finite { mant, exp } if !mant.is_zero() => exp + mant.bits() as i64,
            Self::Finite { .. } => 0,
            Self::Infinite { .. } => i64::MAX,
        }
    }

    /// Whether the number is a whole number.
    pub fn is_int(&self) -> bool {
        matches!(self, Self::Finite { exp, mant } if *exp >= 0 || mant.is_zero())
    }

    /// The number as an integer, if it is whole. The caller bounds the exponent.
    pub fn to_int(&self) -> Option<BigInt> {
        match self {
            Self::Finite { mant, exp } if *exp >= 0 => Some(mant << *exp as u64),
            _ => None,
        }
    }

    /// The number rounded to `precision` bits in a direction.
    pub(super) fn with_precision(&self, precision: u64, how: Rounding) -> Self {
        match self {
            Self::Finite { mant, exp } => Self::rounded(mant.clone(), *exp, precision, how),
            other => other.clone(),
        }
    }

    /// The mantissa in `[0.5, 1)` as an `f64`, and its exponent.
    pub fn mantissa_f64(&self) -> (f64, i64) {
        match self {
            Self::Finite { mant, exp } if !mant.is_zero() => {
                let bits = mant.bits() as i64;
                (to_f64(mant, -bits), exp + bits)
            }
            _ => (0.0, 0),
        }
    }

    /// The nearest `f64`, which may be infinite or zero.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Finite { mant, exp } => to_f64(mant, *exp),
            Self::Infinite { negative: true } => f64::NEG_INFINITY,
            Self::Infinite { negative: false } => f64::INFINITY,
        }
    }

    /// The nearest `f32`, which may be infinite or zero.
    pub fn to_f32(&self) -> f32 {
        match self {
            Self::Finite { mant, exp } => to_binary(mant, *exp, 24, -149, 128) as f32,
            Self::Infinite { negative: true } => f32::NEG_INFINITY,
            Self::Infinite { negative: false } => f32::INFINITY,
        }
    }

    /// The negated number.
    pub fn neg(&self) -> Self {
        match self {
            Self::Finite { mant, exp } => Self::Finite { mant: -mant, exp: *exp },
            Self::Infinite { negative } => Self::Infinite { negative: !negative },
        }
    }

    /// The rounded sum.
    pub fn add(&self, other: &Self) -> Self {
        let (Self::Finite { mant: a, exp: ae }, Self::Finite { mant: b, exp: be }) = (self, other)
        else {
            return if self.is_infinite() { self.clone() } else { other.clone() };
        };
        if a.is_zero() {
            return other.clone();
        }
        if b.is_zero() {
            return self.clone();
        }
        // A term far below the other's last bit only decides the rounding.
        let far = PRECISION as i64 * 4;
        if self.exponent() - other.exponent() > far {
            return Self::new((a << far as u64) + b.signum(), ae - far);
        }
        if other.exponent() - self.exponent() > far {
            return Self::new((b << far as u64) + a.signum(), be - far);
        }
        let low = *ae.min(be);
        Self::new((a << (ae - low) as u64) + (b << (be - low) as u64), low)
    }

    /// The rounded difference.
    pub fn sub(&self, other: &Self) -> Self {
        self.add(&other.neg())
    }

    /// The rounded product.
    pub fn mul(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Finite { mant: a, exp: ae }, Self::Finite { mant: b, exp: be }) => {
                Self::new(a * b, ae + be)
            }
            _ => Self::Infinite { negative: (self.signum() < 0) != (other.signum() < 0) },
        }
    }

    /// The rounded quotient; infinite for a zero divisor.
    pub fn quo(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Finite { mant: a, exp: ae }, Self::Finite { mant: b, exp: be })
                if !b.is_zero() =>
            {
                Self::quotient(a, *ae, b, *be)
            }
            (Self::Finite { .. }, Self::Infinite { .. }) => Self::zero(),
            _ => Self::Infinite { negative: (self.signum() < 0) != (other.signum() < 0) },
        }
    }

    /// The numerical order of two numbers.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Finite { .. }, Self::Finite { .. }) => self.sub(other).signum().cmp(&0),
            _ if self == other => Ordering::Equal,
            (Self::Infinite { negative }, _) => {
                if *negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (_, Self::Infinite { negative }) => {
                if *negative {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
        }
    }

    /// `base^power` for a small base, rounded along the way.
    pub fn pow(base: u32, power: u64) -> Self {
        let mut result = Self::from_int(&BigInt::one());
        let mut square = Self::from_int(&BigInt::from(base));
        let mut rest = power;
        while rest > 0 {
            if rest & 1 == 1 {
                result = result.mul(&square);
            }
            rest >>= 1;
            if rest > 0 {
                square = square.mul(&square);
            }
        }
        result
    }
}

/// Cuts a magnitude to `precision` bits.
fn round_magnitude(
    mag: BigUint,
    exp: i64,
    precision: u64,
    how: Rounding,
    negative: bool,
) -> (BigUint, i64) {
    let bits = mag.bits();
    if bits <= precision {
        return (mag, exp);
    }
    let cut = bits - precision;
    let inexact = mag.trailing_zeros().is_some_and(|zeros| zeros < cut);
    let half = mag.bit(cut - 1);
    let above_half = half && mag.trailing_zeros().is_some_and(|zeros| zeros < cut - 1);
    let mut kept = mag >> cut;
    let away = match how {
        Rounding::NearestEven => above_half || half && kept.bit(0),
        Rounding::Down => inexact && negative,
        Rounding::Up => inexact && !negative,
    };
    if away {
        kept += 1u8;
    }
    (kept, exp + cut as i64)
}

fn to_f64(mant: &BigInt, exp: i64) -> f64 {
    to_binary(mant, exp, 53, -1074, 1024)
}

/// Rounds `mant · 2^exp` to a binary format with `precision` bits, whose
/// smallest number is `2^min_exp` and whose numbers stay below `2^max_exp`.
fn to_binary(mant: &BigInt, exp: i64, precision: i64, min_exp: i64, max_exp: i64) -> f64 {
    if mant.is_zero() {
        return 0.0;
    }
    let negative = mant.is_negative();
    let bits = mant.bits() as i64;
    let top = exp.saturating_add(bits);
    let sign = if negative { -1.0 } else { 1.0 };
    if top > max_exp {
        return sign * f64::INFINITY;
    }
    if top < min_exp {
        return 0.0;
    }
    let wanted = precision.min(top - min_exp);
    let (mag, exp) = if wanted <= 0 {
        // Between half the smallest number and it: rounds up unless exactly half.
        let exactly_half = mant.magnitude().trailing_zeros() == Some(bits as u64 - 1);
        (BigUint::from(u8::from(!exactly_half)), min_exp)
    } else {
        round_magnitude(
            mant.magnitude().clone(),
            exp,
            wanted as u64,
            Rounding::NearestEven,
            negative,
        )
    };
    if exp + mag.bits() as i64 > max_exp {
        return sign * f64::INFINITY;
    }
    let value = mag.to_u64().map(|m| m as f64);
    match value {
        Some(value) => sign * scale(value, exp),
        // Fewer than `precision` bits but with trailing zeros beyond 64 bits.
        None => {
            let zeros = mag.trailing_zeros().unwrap_or(0);
            let short = (mag >> zeros).to_u64().unwrap_or(0) as f64;
            sign * scale(short, exp + zeros as i64)
        }
    }
}

/// `x · 2^exp` without intermediate rounding for results that are exact.
fn scale(mut x: f64, mut exp: i64) -> f64 {
    while exp > 1000 {
        x *= 2f64.powi(1000);
        exp -= 1000;
    }
    // The mantissa has at most 53 bits: dividing in two steps stays exact
    // because the result is known to be representable.
    while exp < -1000 {
        x *= 2f64.powi(-1000);
        exp += 1000;
    }
    x * 2f64.powi(exp as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_to_f64_like_the_standard_parser() {
        for text in
            ["0.1", "1e-320", "4.9e-324", "2.4e-324", "1.7976931348623157e308", "3.14159", "1e22"]
        {
            let want: f64 = text.parse().unwrap();
            let got = crate::constant::Value::from_float_literal(text).to_f64();
            assert_eq!(got.to_bits(), want.to_bits(), "{text}");
        }
    }

    #[test]
    fn rounds_large_integers_once() {
        let max = BigInt::from_biguint(
            Sign::Plus,
            (BigUint::one() << 1024u32) - (BigUint::one() << 970u32),
        );
        assert_eq!(BigFloat::int_to_f64(&(&max - 1)), f64::MAX);
        assert_eq!(BigFloat::int_to_f64(&max), f64::INFINITY);
    }

    #[test]
    fn rounds_sums_of_distant_terms() {
        let one = BigFloat::from_f64(1.0);
        let tiny = BigFloat::new(BigInt::one(), -5000);
        assert_eq!(one.add(&tiny), one);
        assert_eq!(one.sub(&one), BigFloat::zero());
    }
}
