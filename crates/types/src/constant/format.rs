//! Constants as Go's messages show them: integers in full, other numbers with
//! six significant digits, strings quoted and cut at 72 characters.

use super::{BigFloat, Value};
use std::fmt;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unknown => f.write_str("unknown"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Str(s) => f.write_str(&shortened(&quote(s.bytes()))),
            Value::Int(x) => write!(f, "{x}"),
            Value::BigInt(x) => write!(f, "{x}"),
            Value::Rat(x) => f.write_str(&float_string(&BigFloat::from_rat(x))),
            Value::Float(x) => f.write_str(&float_string(x)),
            Value::Complex(c) => write!(f, "({} + {}i)", c.0, c.1),
        }
    }
}

/// Quotes bytes as a Go interpreted string literal (`strconv.Quote`).
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\x07' => out.push_str("\\a"),
                '\x08' => out.push_str("\\b"),
                '\x0c' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x0b' => out.push_str("\\v"),
                c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                    out.push_str(&format!("\\x{:02x}", c as u32))
                }
                c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

fn shortened(text: &str) -> String {
    const MAX: usize = 72;
    if text.chars().count() <= MAX {
        return text.to_string();
    }
    let kept: String = text.chars().take(MAX - 3).collect();
    kept + "..."
}

fn float_string(x: &BigFloat) -> String {
    let near = x.to_f64();
    if (x.signum() == 0) == (near == 0.0) && near.is_finite() {
        let text = general(near, Some(6));
        if !x.is_int() && !text.contains('.') {
            return general(near, None);
        }
        return text;
    }
    // Outside the range of f64: six digits from the mantissa and a logarithm.
    let (mut m, exp) = x.mantissa_f64();
    let d = exp as f64 * std::f64::consts::LOG10_2;
    let mut e = d.trunc() as i64;
    m *= 10f64.powf(d - e as f64);
    if m.abs() < 1.0 - 0.5e-6 {
        m *= 10.0;
        e -= 1;
    } else if m.abs() >= 10.0 {
        m /= 10.0;
        e += 1;
    }
    format!("{}e{e:+}", general(m, Some(6)))
}

/// Formats like C's `%g`: with `digits` significant digits, or with as many
/// as are needed to read the same number back.
pub fn general(x: f64, digits: Option<usize>) -> String {
    let scientific = match digits {
        Some(n) => format!("{x:.*e}", n - 1),
        None => format!("{x:e}"),
    };
    let Some((mantissa, exp)) = scientific.split_once('e') else {
        return scientific;
    };
    let exp: i32 = exp.parse().unwrap_or(0);
    let trimmed = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    let count = trimmed.bytes().filter(u8::is_ascii_digit).count() as i32;
    let limit = match digits {
        Some(n) => {
            if n as i32 > count && count > exp {
                count
            } else {
                n as i32
            }
        }
        None => 6,
    };
    if exp < -4 || exp >= limit {
        let sign = if exp < 0 { '-' } else { '+' };
        return format!("{trimmed}e{sign}{:02}", exp.abs());
    }
    let places = (count - 1 - exp).max(0) as usize;
    format!("{x:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_numbers_as_go_does() {
        let show = |text: &str| Value::from_float_literal(text).to_string();
        assert_eq!(show("1.5"), "1.5");
        assert_eq!(show("1e100"), "1e+100");
        assert_eq!(show("1000000.0"), "1e+06");
        assert_eq!(show("123456.0"), "123456");
        assert_eq!(show("0.00001"), "1e-05");
        assert_eq!(show("3.14159265358979"), "3.14159");
        assert_eq!(show("1e1000"), "1e+1000");
        assert_eq!(Value::from_str_bytes(b"a\"b").to_string(), "\"a\\\"b\"");
        assert_eq!(Value::from_imaginary_literal("2i").to_string(), "(0 + 2i)");
    }
}
