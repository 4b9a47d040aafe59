//! Exact constant values, as Go's untyped constants need them.
//!
//! Integers and fractions are exact. A fraction whose numerator or denominator
//! passes [`SMALL_BITS`] bits becomes a 512-bit floating-point number, as in
//! Go's compiler (`go/constant`), so that huge exponents stay cheap.

mod bigfloat;
mod format;
mod literal;
mod ops;
mod text;

pub use bigfloat::BigFloat;
pub use format::quote;
pub use literal::unquote;
pub use ops::{BinaryOp, CompareOp, UnaryOp};
pub use text::Text;

use bigfloat::{PRECISION, Rounding};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use std::sync::Arc;

/// Fractions with parts of this many bits or more become [`BigFloat`]s.
const SMALL_BITS: u64 = 4 << 10;

/// A constant value.
#[derive(Clone, Debug)]
pub enum Value {
    /// A value that could not be computed; errors about it were reported.
    Unknown,
    /// A truth value.
    Bool(bool),
    /// A string: bytes, usually UTF-8.
    Str(Text),
    /// An integer of 64 bits.
    Int(i64),
    /// An integer that does not fit 64 bits.
    BigInt(Arc<BigInt>),
    /// A fraction; it may be whole.
    Rat(Arc<BigRational>),
    /// A rounded floating-point number.
    Float(Arc<BigFloat>),
    /// A complex number: real and imaginary part, each below [`Value::Complex`].
    Complex(Arc<(Value, Value)>),
}

/// What sort of value a [`Value`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not known, because of an error.
    Unknown,
    /// A truth value.
    Bool,
    /// A string.
    String,
    /// An integer.
    Int,
    /// A fraction or floating-point number.
    Float,
    /// A complex number.
    Complex,
}

impl Value {
    /// A string value.
    pub fn from_str_bytes(s: &[u8]) -> Self {
        Self::Str(Text::new(s))
    }

    /// An integer value in its smallest form.
    pub fn from_bigint(x: BigInt) -> Self {
        match x.to_i64() {
            Some(small) => Self::Int(small),
            None => Self::BigInt(Arc::new(x)),
        }
    }

    /// A fraction, or its rounding when its parts are large.
    pub fn from_rat(x: BigRational) -> Self {
        if x.numer().bits() < SMALL_BITS && x.denom().bits() < SMALL_BITS {
            Self::Rat(Arc::new(x))
        } else {
            Self::from_bigfloat(BigFloat::from_rat(&x))
        }
    }

    /// A rounded number; infinity is unknown and zero a fraction.
    pub fn from_bigfloat(x: BigFloat) -> Self {
        if x.signum() == 0 {
            Self::Rat(Arc::new(BigRational::zero()))
        } else if x.is_infinite() {
            Self::Unknown
        } else {
            Self::Float(Arc::new(x))
        }
    }

    /// The value of a float, or unknown if it is not finite.
    pub fn from_f64(x: f64) -> Self {
        BigRational::from_float(x).map_or(Self::Unknown, |r| Self::Rat(Arc::new(r)))
    }

    /// A complex value, or unknown if a part is unknown.
    pub fn complex(re: Value, im: Value) -> Self {
        if re.kind() == Kind::Unknown || im.kind() == Kind::Unknown {
            return Self::Unknown;
        }
        Self::Complex(Arc::new((re, im)))
    }

    /// The kind of the value.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::Unknown,
            Self::Bool(_) => Kind::Bool,
            Self::Str(_) => Kind::String,
            Self::Int(_) | Self::BigInt(_) => Kind::Int,
            Self::Rat(_) | Self::Float(_) => Kind::Float,
            Self::Complex(_) => Kind::Complex,
        }
    }

    /// Whether the value is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The string's bytes, if it is one.
    pub fn as_str(&self) -> Option<&[u8]> {
        match self {
            Self::Str(s) => Some(s.bytes()),
            _ => None,
        }
    }

    /// The string's length in bytes, if it is one.
    pub fn str_len(&self) -> Option<usize> {
        match self {
            Self::Str(s) => Some(s.len()),
            _ => None,
        }
    }

    /// The integer as 64 bits with sign, if it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(x) => Some(*x),
            Self::BigInt(x) => x.to_i64(),
            _ => None,
        }
    }

    /// The integer as 64 bits without sign, if it is one and fits.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Int(x) => u64::try_from(*x).ok(),
            Self::BigInt(x) => x.to_u64(),
            _ => None,
        }
    }

    /// The integer in full, if it is one.
    pub fn as_bigint(&self) -> Option<BigInt> {
        match self {
            Self::Int(x) => Some(BigInt::from(*x)),
            Self::BigInt(x) => Some((**x).clone()),
            _ => None,
        }
    }

    /// The number of bits of an integer's magnitude; 0 for other kinds.
    pub fn bit_len(&self) -> u64 {
        match self {
            Self::Int(x) => u64::from(64 - x.unsigned_abs().leading_zeros()),
            Self::BigInt(x) => x.bits(),
            _ => 0,
        }
    }

    /// The sign of a number: -1, 0 or 1. A complex number is 0 only if both
    /// parts are; an unknown value counts as 1, so that it never looks like a
    /// zero divisor.
    pub fn signum(&self) -> i32 {
        match self {
            Self::Int(x) => x.signum() as i32,
            Self::BigInt(x) => 1 - 2 * i32::from(x.is_negative()),
            Self::Rat(x) => i32::from(x.is_positive()) - i32::from(x.is_negative()),
            Self::Float(x) => x.signum(),
            Self::Complex(c) => c.0.signum() | c.1.signum(),
            _ => 1,
        }
    }

    /// The real part of a number.
    pub fn real(&self) -> Value {
        match self {
            Self::Complex(c) => c.0.clone(),
            other => other.clone(),
        }
    }

    /// The imaginary part of a number.
    pub fn imag(&self) -> Value {
        match self {
            Self::Complex(c) => c.1.clone(),
            Self::Unknown => Self::Unknown,
            _ => Self::Int(0),
        }
    }

    /// The number times the imaginary unit.
    pub fn times_i(&self) -> Value {
        Self::complex(Self::Int(0), self.clone())
    }

    /// The value as an integer, or unknown if it is not whole. A rounded
    /// number within a few last bits of an integer counts as that integer.
    pub fn to_int(&self) -> Value {
        match self {
            Self::Int(_) | Self::BigInt(_) => self.clone(),
            Self::Rat(x) if x.is_integer() => Self::from_bigint(x.numer().clone()),
            Self::Float(x) if x.exponent().unsigned_abs() < SMALL_BITS => {
                let near = |how| x.with_precision(PRECISION - 4, how).to_int();
                x.to_int()
                    .or_else(|| near(Rounding::Down))
                    .or_else(|| near(Rounding::Up))
                    .map_or(Self::Unknown, Self::from_bigint)
            }
            Self::Complex(_) => match self.to_float() {
                re if re.kind() == Kind::Float => re.to_int(),
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    /// The value as a fraction or rounded number, or unknown.
    pub fn to_float(&self) -> Value {
        match self {
            Self::Int(x) => Self::Rat(Arc::new(BigRational::from_integer(BigInt::from(*x)))),
            Self::BigInt(x) if x.bits() < SMALL_BITS => {
                Self::Rat(Arc::new(BigRational::from_integer((**x).clone())))
            }
            Self::BigInt(x) => Self::from_bigfloat(BigFloat::from_int(x)),
            Self::Rat(_) | Self::Float(_) => self.clone(),
            Self::Complex(c) if c.1.signum() == 0 => c.0.to_float(),
            _ => Self::Unknown,
        }
    }

    /// The value as a complex number, or unknown.
    pub fn to_complex(&self) -> Value {
        match self {
            Self::Complex(_) => self.clone(),
            Self::Int(_) | Self::BigInt(_) | Self::Rat(_) | Self::Float(_) => {
                Self::complex(self.clone(), Self::Int(0))
            }
            _ => Self::Unknown,
        }
    }

    /// The nearest `f64` of a real number; infinite on overflow.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Rat(x) => BigFloat::rat_to_f64(x),
            Self::BigInt(x) => BigFloat::int_to_f64(x),
            _ => self.to_bigfloat().map_or(0.0, |f| f.to_f64()),
        }
    }

    /// The nearest `f32` of a real number; infinite on overflow.
    pub fn to_f32(&self) -> f32 {
        self.to_bigfloat().map_or(0.0, |f| f.to_f32())
    }

    fn to_bigfloat(&self) -> Option<BigFloat> {
        match self {
            Self::Int(x) => Some(BigFloat::from_int(&BigInt::from(*x))),
            Self::BigInt(x) => Some(BigFloat::from_int(x)),
            Self::Rat(x) => Some(BigFloat::from_rat(x)),
            Self::Float(x) => Some((**x).clone()),
            _ => None,
        }
    }
}
