//! Constant values in an archive.

use std::sync::Arc;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use serde::{Deserialize, Serialize};

use crate::constant::{BigFloat, Text, Value};

/// A [`Value`]; big integers are little-endian bytes in two's complement.
#[derive(Serialize, Deserialize)]
pub(super) enum ValueRecord {
    Unknown,
    Bool(bool),
    Str(Vec<u8>),
    Int(i64),
    BigInt(Vec<u8>),
    /// Numerator and denominator.
    Rat(Vec<u8>, Vec<u8>),
    /// Mantissa and exponent.
    Float(Vec<u8>, i64),
    Infinite(bool),
    Complex(Box<(ValueRecord, ValueRecord)>),
}

impl ValueRecord {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Unknown => Self::Unknown,
            Value::Bool(b) => Self::Bool(*b),
            Value::Str(text) => Self::Str(text.bytes().to_vec()),
            Value::Int(i) => Self::Int(*i),
            Value::BigInt(i) => Self::BigInt(i.to_signed_bytes_le()),
            Value::Rat(r) => {
                Self::Rat(r.numer().to_signed_bytes_le(), r.denom().to_signed_bytes_le())
            }
            Value::Float(f) => match &**f {
                BigFloat::Finite { mant, exp } => Self::Float(mant.to_signed_bytes_le(), *exp),
                BigFloat::Infinite { negative } => Self::Infinite(*negative),
            },
            Value::Complex(parts) => {
                Self::Complex(Box::new((Self::of(&parts.0), Self::of(&parts.1))))
            }
        }
    }

    /// The value; none if the record cannot be one.
    pub(super) fn value(&self) -> Option<Value> {
        let int = |bytes: &[u8]| BigInt::from_signed_bytes_le(bytes);
        Some(match self {
            Self::Unknown => Value::Unknown,
            Self::Bool(b) => Value::Bool(*b),
            Self::Str(bytes) => Value::Str(Text::new(bytes.as_slice())),
            Self::Int(i) => Value::Int(*i),
            Self::BigInt(bytes) => Value::BigInt(Arc::new(int(bytes))),
            Self::Rat(numer, denom) => {
                let denom = int(denom);
                if denom.is_zero() {
                    return None;
                }
                Value::Rat(Arc::new(BigRational::new(int(numer), denom)))
            }
            Self::Float(mant, exp) => Value::Float(Arc::new(BigFloat::new(int(mant), *exp))),
            Self::Infinite(negative) => {
                Value::Float(Arc::new(BigFloat::Infinite { negative: *negative }))
            }
            Self::Complex(parts) => {
                // Parts are never complex themselves, so this ends however damaged the record is.
                if matches!(parts.0, Self::Complex(_)) || matches!(parts.1, Self::Complex(_)) {
                    return None;
                }
                Value::Complex(Arc::new((parts.0.value()?, parts.1.value()?)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let big: BigInt = BigInt::from(-7) << 200;
        let values = [
            Value::Bool(true),
            Value::from_str_bytes(b"a\xff"),
            Value::Int(-3),
            Value::from_bigint(big.clone()),
            Value::from_rat(BigRational::new(big.clone(), 9.into())),
            Value::from_bigfloat(BigFloat::new(big, 90_000)),
            Value::complex(Value::Int(1), Value::from_f64(0.1)),
        ];
        for value in values {
            let bytes = postcard::to_allocvec(&ValueRecord::of(&value)).unwrap();
            let record: ValueRecord = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(format!("{:?}", record.value().unwrap()), format!("{value:?}"));
        }
        assert!(ValueRecord::Rat(vec![1], vec![]).value().is_none());
    }
}
