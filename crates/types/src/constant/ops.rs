//! Operations on constant values.
//!
//! Operands are first brought to the larger of their representations; the
//! result takes the smallest that holds it.

use super::{BigFloat, Value};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::sync::Arc;

/// A binary operation on constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// Sum, or concatenation.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient of fractions.
    Quo,
    /// Quotient of integers, truncated towards zero.
    IntQuo,
    /// Remainder of integers, with the sign of the dividend.
    Rem,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Bit clear.
    AndNot,
    /// Logical and.
    LogicalAnd,
    /// Logical or.
    LogicalOr,
}

/// A comparison of constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// A unary operation on constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// Identity.
    Plus,
    /// Negation.
    Neg,
    /// Bitwise complement.
    Complement,
    /// Logical negation.
    Not,
}

impl Value {
    /// Applies a unary operation. A complement is limited to `bits` bits if
    /// that is not zero (for unsigned types). Unfit kinds give unknown.
    pub fn unary(&self, op: UnaryOp, bits: u32) -> Value {
        match (op, self) {
            (UnaryOp::Plus, _) => self.clone(),
            (UnaryOp::Not, Value::Bool(b)) => Value::Bool(!b),
            (UnaryOp::Neg, Value::Int(x)) => Value::from_bigint(-BigInt::from(*x)),
            (UnaryOp::Neg, Value::BigInt(x)) => Value::from_bigint(-(**x).clone()),
            (UnaryOp::Neg, Value::Rat(x)) => Value::Rat(Arc::new(-(**x).clone())),
            (UnaryOp::Neg, Value::Float(x)) => Value::from_bigfloat(x.neg()),
            (UnaryOp::Neg, Value::Complex(c)) => {
                Value::complex(c.0.unary(UnaryOp::Neg, 0), c.1.unary(UnaryOp::Neg, 0))
            }
            (UnaryOp::Complement, Value::Int(_) | Value::BigInt(_)) => {
                let x = !self.as_bigint().unwrap_or_default();
                if bits == 0 {
                    return Value::from_bigint(x);
                }
                Value::from_bigint(x & ((BigInt::one() << bits) - 1))
            }
            _ => Value::Unknown,
        }
    }

    /// Applies a binary operation. Unfit kinds and zero divisors give unknown.
    pub fn binary(&self, op: BinaryOp, other: &Value) -> Value {
        let (x, y) = matched(self, other);
        match (&x, &y) {
            (Value::Bool(a), Value::Bool(b)) => match op {
                BinaryOp::LogicalAnd => Value::Bool(*a && *b),
                BinaryOp::LogicalOr => Value::Bool(*a || *b),
                _ => Value::Unknown,
            },
            (Value::Str(a), Value::Str(b)) if op == BinaryOp::Add => Value::Str(a.concat(b)),
            (Value::Int(a), Value::Int(b)) => small_binary(*a, op, *b)
                .unwrap_or_else(|| big_binary(&BigInt::from(*a), op, &BigInt::from(*b))),
            (Value::BigInt(a), Value::BigInt(b)) => big_binary(a, op, b),
            (Value::Rat(a), Value::Rat(b)) => rat_binary(a, op, b),
            (Value::Float(a), Value::Float(b)) => float_binary(a, op, b),
            (Value::Complex(a), Value::Complex(b)) => complex_binary(a, op, b),
            _ => Value::Unknown,
        }
    }

    /// Shifts an integer left or right.
    pub fn shift(&self, left: bool, count: u64) -> Value {
        match (self, left) {
            (_, _) if count == 0 => self.clone(),
            (Value::Int(x), false) => {
                Value::Int(x.checked_shr(count.min(64) as u32).unwrap_or(x >> 63))
            }
            (Value::Int(_) | Value::BigInt(_), _) => {
                let x = self.as_bigint().unwrap_or_default();
                Value::from_bigint(if left { x << count } else { x >> count })
            }
            _ => Value::Unknown,
        }
    }

    /// Compares two values. Unknown operands compare false.
    pub fn compare(&self, op: CompareOp, other: &Value) -> bool {
        let (x, y) = matched(self, other);
        let order = match (&x, &y) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Str(a), Value::Str(b)) => a.bytes().cmp(b.bytes()),
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::BigInt(a), Value::BigInt(b)) => a.cmp(b),
            (Value::Rat(a), Value::Rat(b)) => a.cmp(b),
            (Value::Float(a), Value::Float(b)) => a.compare(b),
            (Value::Complex(a), Value::Complex(b)) => {
                let same = a.0.compare(CompareOp::Eq, &b.0) && a.1.compare(CompareOp::Eq, &b.1);
                if same { Ordering::Equal } else { Ordering::Less }
            }
            _ => return false,
        };
        match op {
            CompareOp::Eq => order.is_eq(),
            CompareOp::Ne => order.is_ne(),
            CompareOp::Lt => order.is_lt(),
            CompareOp::Le => order.is_le(),
            CompareOp::Gt => order.is_gt(),
            CompareOp::Ge => order.is_ge(),
        }
    }
}

/// The rank of a representation; values of different rank are brought to the larger.
fn rank(x: &Value) -> u8 {
    match x {
        Value::Unknown => 0,
        Value::Bool(_) | Value::Str(_) => 1,
        Value::Int(_) => 2,
        Value::BigInt(_) => 3,
        Value::Rat(_) => 4,
        Value::Float(_) => 5,
        Value::Complex(_) => 6,
    }
}

fn matched(x: &Value, y: &Value) -> (Value, Value) {
    let goal = rank(x).max(rank(y));
    (raised(x, goal), raised(y, goal))
}

fn raised(x: &Value, goal: u8) -> Value {
    if rank(x) >= goal || rank(x) < 2 {
        return x.clone();
    }
    match goal {
        3 => Value::BigInt(Arc::new(x.as_bigint().unwrap_or_default())),
        4 => match x.as_bigint() {
            Some(i) => Value::Rat(Arc::new(BigRational::from_integer(i))),
            None => Value::Unknown,
        },
        5 => x.to_bigfloat().map_or(Value::Unknown, |f| Value::Float(Arc::new(f))),
        _ => Value::complex(x.clone(), Value::Int(0)),
    }
}

/// Integer arithmetic within 64 bits; `None` on overflow or for fractions.
fn small_binary(a: i64, op: BinaryOp, b: i64) -> Option<Value> {
    let result = match op {
        BinaryOp::Add => a.checked_add(b)?,
        BinaryOp::Sub => a.checked_sub(b)?,
        BinaryOp::Mul => a.checked_mul(b)?,
        BinaryOp::IntQuo => a.checked_div(b)?,
        BinaryOp::Rem => a.checked_rem(b)?,
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::AndNot => a & !b,
        _ => return None,
    };
    Some(Value::Int(result))
}

fn big_binary(a: &BigInt, op: BinaryOp, b: &BigInt) -> Value {
    let divides = matches!(op, BinaryOp::Quo | BinaryOp::IntQuo | BinaryOp::Rem);
    if divides && b.is_zero() {
        return Value::Unknown;
    }
    Value::from_bigint(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Quo => return Value::from_rat(BigRational::new(a.clone(), b.clone())),
        BinaryOp::IntQuo => a.div_rem(b).0,
        BinaryOp::Rem => a.div_rem(b).1,
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::AndNot => a & !b.clone(),
        BinaryOp::LogicalAnd | BinaryOp::LogicalOr => return Value::Unknown,
    })
}

fn rat_binary(a: &BigRational, op: BinaryOp, b: &BigRational) -> Value {
    Value::from_rat(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Quo if !b.is_zero() => a / b,
        _ => return Value::Unknown,
    })
}

fn float_binary(a: &BigFloat, op: BinaryOp, b: &BigFloat) -> Value {
    Value::from_bigfloat(match op {
        BinaryOp::Add => a.add(b),
        BinaryOp::Sub => a.sub(b),
        BinaryOp::Mul => a.mul(b),
        BinaryOp::Quo => a.quo(b),
        _ => return Value::Unknown,
    })
}

fn complex_binary(x: &(Value, Value), op: BinaryOp, y: &(Value, Value)) -> Value {
    use BinaryOp::{Add, Mul, Quo, Sub};
    let ((a, b), (c, d)) = (x, y);
    match op {
        Add | Sub => Value::complex(a.binary(op, c), b.binary(op, d)),
        Mul => {
            let re = a.binary(Mul, c).binary(Sub, &b.binary(Mul, d));
            let im = b.binary(Mul, c).binary(Add, &a.binary(Mul, d));
            Value::complex(re, im)
        }
        Quo => {
            let scale = c.binary(Mul, c).binary(Add, &d.binary(Mul, d));
            let re = a.binary(Mul, c).binary(Add, &b.binary(Mul, d));
            let im = b.binary(Mul, c).binary(Sub, &a.binary(Mul, d));
            Value::complex(re.binary(Quo, &scale), im.binary(Quo, &scale))
        }
        _ => Value::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn integers_grow_and_shrink() {
        let max = Value::Int(i64::MAX);
        let bigger = max.binary(BinaryOp::Add, &Value::Int(1));
        assert!(matches!(bigger, Value::BigInt(_)));
        assert!(matches!(bigger.binary(BinaryOp::Sub, &Value::Int(1)), Value::Int(i64::MAX)));
        assert_eq!(Value::Int(1).shift(true, 100).shift(false, 99).as_i64(), Some(2));
    }

    #[test]
    fn division_keeps_fractions() {
        let third = Value::Int(1).binary(BinaryOp::Quo, &Value::Int(3));
        let one = third.binary(BinaryOp::Mul, &Value::Int(3));
        assert!(one.compare(CompareOp::Eq, &Value::Int(1)));
        assert_eq!(one.to_int().kind(), Kind::Int);
        assert!(Value::Int(1).binary(BinaryOp::IntQuo, &Value::Int(0)).is_unknown());
    }

    #[test]
    fn complement_respects_width() {
        assert_eq!(Value::Int(0).unary(UnaryOp::Complement, 8).as_i64(), Some(255));
        assert_eq!(Value::Int(0).unary(UnaryOp::Complement, 0).as_i64(), Some(-1));
    }
}
