//! Values of literals (spec: Integer, Floating-point, Imaginary, Rune and
//! String literals). The scanner has checked the syntax; what does not parse
//! here gives [`Value::Unknown`].

use super::{BigFloat, SMALL_BITS, Text, Value};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::sync::Arc;

impl Value {
    /// The value of an integer literal.
    pub fn from_int_literal(text: &str) -> Value {
        let digits: String = text.chars().filter(|c| *c != '_').collect();
        let (digits, radix) = match digits.as_bytes() {
            [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
            [b'0', b'b' | b'B', ..] => (&digits[2..], 2),
            [b'0', b'o' | b'O', ..] => (&digits[2..], 8),
            [b'0', _, ..] => (&digits[1..], 8),
            _ => (&digits[..], 10),
        };
        if let Ok(small) = i64::from_str_radix(digits, radix) {
            return Value::Int(small);
        }
        BigInt::parse_bytes(digits.as_bytes(), radix).map_or(Value::Unknown, Value::from_bigint)
    }

    /// The value of a floating-point literal.
    pub fn from_float_literal(text: &str) -> Value {
        parse_float(text).unwrap_or(Value::Unknown)
    }

    /// The value of an imaginary literal.
    pub fn from_imaginary_literal(text: &str) -> Value {
        let Some(number) = text.strip_suffix('i') else {
            return Value::Unknown;
        };
        let part = parse_float(number).unwrap_or(Value::Unknown);
        Value::complex(Value::Int(0), part)
    }

    /// The value of a rune literal, quotes included.
    pub fn from_rune_literal(text: &str) -> Value {
        let Some(body) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) else {
            return Value::Unknown;
        };
        match unescape_one(body.as_bytes(), b'\'') {
            Some((Unit::Byte(b), [])) => Value::Int(i64::from(b)),
            Some((Unit::Char(c), [])) => Value::Int(i64::from(c)),
            _ => Value::Unknown,
        }
    }

    /// The value of a string literal, quotes included.
    pub fn from_string_literal(text: &str) -> Value {
        unquote(text).map_or(Value::Unknown, |s| Value::Str(Text::new(s)))
    }
}

/// The bytes of an interpreted or raw string literal, or `None` if malformed.
pub fn unquote(text: &str) -> Option<Vec<u8>> {
    if let Some(raw) = text.strip_prefix('`') {
        let raw = raw.strip_suffix('`')?;
        return Some(raw.bytes().filter(|b| *b != b'\r').collect());
    }
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let plain = rest.iter().position(|b| *b == b'\\').unwrap_or(rest.len());
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        if rest.is_empty() {
            break;
        }
        let (unit, tail) = unescape_one(rest, b'"')?;
        match unit {
            Unit::Byte(b) => out.push(b),
            Unit::Char(c) => {
                let c = char::from_u32(c)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        rest = tail;
    }
    Some(out)
}

enum Unit {
    Byte(u8),
    Char(u32),
}

/// Reads one character or escape sequence.
fn unescape_one(text: &[u8], quote: u8) -> Option<(Unit, &[u8])> {
    let first = *text.first()?;
    if first != b'\\' {
        let text = std::str::from_utf8(text).ok()?;
        let c = text.chars().next()?;
        return Some((Unit::Char(c as u32), &text.as_bytes()[c.len_utf8()..]));
    }
    let digits = |start: usize, len: usize, radix: u32| -> Option<(u32, &[u8])> {
        let body = std::str::from_utf8(text.get(start..start + len)?).ok()?;
        Some((u32::from_str_radix(body, radix).ok()?, &text[start + len..]))
    };
    let simple = |b: u8| Some((Unit::Byte(b), &text[2..]));
    match *text.get(1)? {
        b'a' => simple(7),
        b'b' => simple(8),
        b'f' => simple(12),
        b'n' => simple(b'\n'),
        b'r' => simple(b'\r'),
        b't' => simple(b'\t'),
        b'v' => simple(11),
        b'\\' => simple(b'\\'),
        c if c == quote => simple(c),
        b'x' => digits(2, 2, 16).map(|(v, rest)| (Unit::Byte(v as u8), rest)),
        b'u' => digits(2, 4, 16).map(|(v, rest)| (Unit::Char(v), rest)),
        b'U' => digits(2, 8, 16).map(|(v, rest)| (Unit::Char(v), rest)),
        b'0'..=b'7' => digits(1, 3, 8).map(|(v, rest)| (Unit::Byte(v as u8), rest)),
        _ => None,
    }
}

/// A literal split into `mantissa · radix^-fraction_digits · 2^binary · 10^decimal`.
struct Parts {
    mantissa: BigInt,
    binary: i64,
    decimal: i64,
}

fn split(text: &str) -> Option<Parts> {
    let text: String = text.chars().filter(|c| *c != '_').collect();
    let (body, radix, digit_bits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16, 4),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2, 1),
        [b'0', b'o' | b'O', ..] => (&text[2..], 8, 3),
        _ => (&text[..], 10, 0),
    };
    let marker = if radix == 10 { ['e', 'E'] } else { ['p', 'P'] };
    let (digits, exponent) = match body.split_once(marker) {
        Some((digits, exponent)) => (digits, parse_exponent(exponent)?),
        None => (body, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = [whole, fraction].concat();
    let mantissa = BigInt::parse_bytes(all.as_bytes(), radix)?;
    let fraction = fraction.len() as i64;
    Some(if radix == 10 {
        Parts { mantissa, binary: 0, decimal: exponent.saturating_sub(fraction) }
    } else {
        Parts { mantissa, binary: exponent.saturating_sub(fraction * digit_bits), decimal: 0 }
    })
}

/// Parses an exponent, saturating far outside any representable range.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
    Some(if negative { -magnitude } else { magnitude })
}

fn parse_float(text: &str) -> Option<Value> {
    let parts = split(text)?;
    if parts.mantissa.is_zero() {
        return Some(Value::Rat(Arc::new(BigRational::zero())));
    }
    let rounded = round_parts(&parts);
    if rounded.is_infinite()
        || rounded.signum() == 0
        || rounded.exponent().unsigned_abs() >= SMALL_BITS
    {
        return Some(Value::from_bigfloat(rounded));
    }
    let power = |base: u32, exp: i64| BigInt::from(base).pow(exp.unsigned_abs() as u32);
    let mut numer = parts.mantissa;
    let mut denom = BigInt::one();
    for (base, exp) in [(2, parts.binary), (10, parts.decimal)] {
        if exp >= 0 {
            numer *= power(base, exp);
        } else {
            denom *= power(base, exp);
        }
    }
    Some(Value::Rat(Arc::new(BigRational::new(numer, denom))))
}

fn round_parts(parts: &Parts) -> BigFloat {
    let base = BigFloat::new(parts.mantissa.clone(), parts.binary);
    if parts.decimal == 0 {
        return base;
    }
    let scale = BigFloat::pow(10, parts.decimal.unsigned_abs());
    if parts.decimal > 0 { base.mul(&scale) } else { base.quo(&scale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_integers_of_every_base() {
        for (text, want) in
            [("0", 0), ("017", 15), ("0x_F", 15), ("0b101", 5), ("0o17", 15), ("1_000", 1000)]
        {
            assert_eq!(Value::from_int_literal(text).as_i64(), Some(want), "{text}");
        }
    }

    #[test]
    fn reads_strings_and_runes() {
        assert_eq!(unquote(r#""a\n\x41é\101""#).unwrap(), "a\nAéA".as_bytes());
        assert_eq!(unquote("`a\\n`").unwrap(), b"a\\n");
        assert_eq!(Value::from_rune_literal(r"'\''").as_i64(), Some(39));
        assert_eq!(Value::from_rune_literal("'世'").as_i64(), Some(0x4e16));
    }

    #[test]
    fn huge_exponents_are_quick() {
        assert!(Value::from_float_literal("1e1000000000000").is_unknown());
        assert_eq!(Value::from_float_literal("1e-1000000000000").signum(), 0);
        assert_eq!(Value::from_float_literal("0x1p-2").to_f64(), 0.25);
        assert!(matches!(Value::from_float_literal("1e5000"), Value::Float(_)));
    }
}
