//! Number literals (Go specification, "Integer literals" to "Imaginary literals").

use super::Lexer;
use crate::token::{LitKind, Token};

/// What a run of digits and underscores contained.
#[derive(Clone, Copy, Default)]
struct Digits {
    digit: bool,
    separator: bool,
}

/// What a number's beginning says about it.
#[derive(Clone, Copy, PartialEq)]
enum Prefix {
    None,
    /// A leading 0: octal, unless it turns out to be a float.
    Zero,
    Hex,
    Octal,
    Binary,
}

impl Prefix {
    fn base(self) -> u32 {
        match self {
            Prefix::None => 10,
            Prefix::Zero | Prefix::Octal => 8,
            Prefix::Hex => 16,
            Prefix::Binary => 2,
        }
    }
}

/// The word messages have for a base.
pub(super) fn base_name(base: u32) -> &'static str {
    match base {
        2 => "binary",
        8 => "octal",
        10 => "decimal",
        _ => "hexadecimal",
    }
}

impl Lexer<'_> {
    /// Reads a number from its first digit, or from the `.` before it.
    pub(super) fn number(&mut self) {
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        let plain = !matches!(self.peek(), b'.' | b'_' | b'a'..=b'z' | b'A'..=b'Z');
        if plain && (self.src[self.start] != b'0' || self.at == self.start + 1) {
            return self.literal(LitKind::Int, true);
        }
        self.at = self.start;
        self.general_number();
    }

    fn general_number(&mut self) {
        let mut ok = true;
        let mut kind = LitKind::Int;
        let mut invalid = None;
        let mut digits = Digits::default();
        let prefix = self.prefix();
        if self.peek() != b'.' || prefix != Prefix::None {
            digits.digit = prefix == Prefix::Zero;
            self.digits(prefix.base(), &mut digits, &mut invalid);
        }
        if self.peek() == b'.' {
            if matches!(prefix, Prefix::Octal | Prefix::Binary) {
                let base = base_name(prefix.base());
                ok = self.number_error(self.at, format!("invalid radix point in {base} literal"));
            }
            self.at += 1;
            kind = LitKind::Float;
            self.digits(prefix.base(), &mut digits, &mut invalid);
        }
        if !digits.digit && ok {
            let base = base_name(prefix.base());
            ok = self.number_error(self.at, format!("{base} literal has no digits"));
        }
        if matches!(self.peek(), b'e' | b'E' | b'p' | b'P') {
            kind = LitKind::Float;
            ok = self.exponent(prefix, &mut digits, ok);
        } else if prefix == Prefix::Hex && kind == LitKind::Float && ok {
            ok = self.number_error(self.at, "hexadecimal mantissa requires a 'p' exponent");
        }
        if self.take(b'i') {
            kind = LitKind::Imag;
        }
        if let Some(at) = invalid
            && kind == LitKind::Int
            && ok
        {
            let digit = char::from(self.src[at]);
            let base = base_name(prefix.base());
            ok = self.number_error(at, format!("invalid digit '{digit}' in {base} literal"));
        }
        if digits.separator
            && ok
            && let Some(at) = invalid_separator(&self.src[self.start..self.at])
        {
            ok = self.number_error(self.start + at, "'_' must separate successive digits");
        }
        self.literal(kind, ok);
    }

    fn prefix(&mut self) -> Prefix {
        if !self.take(b'0') {
            return Prefix::None;
        }
        let prefix = match self.peek() {
            b'x' | b'X' => Prefix::Hex,
            b'o' | b'O' => Prefix::Octal,
            b'b' | b'B' => Prefix::Binary,
            _ => return Prefix::Zero,
        };
        self.at += 1;
        prefix
    }

    /// Reads digits and underscores. Below base 16 all decimal digits are taken, and `invalid` becomes the offset of
    /// the first one that is too large.
    fn digits(&mut self, base: u32, seen: &mut Digits, invalid: &mut Option<usize>) {
        loop {
            match self.peek() {
                b'_' => seen.separator = true,
                byte if char::from(byte).is_digit(base.max(10)) => {
                    seen.digit = true;
                    if invalid.is_none() && !char::from(byte).is_digit(base) {
                        *invalid = Some(self.at);
                    }
                }
                _ => return,
            }
            self.at += 1;
        }
    }

    fn exponent(&mut self, prefix: Prefix, digits: &mut Digits, mut ok: bool) -> bool {
        let e = char::from(self.peek());
        let decimal = matches!(prefix, Prefix::None | Prefix::Zero);
        if ok && matches!(e, 'e' | 'E') && !decimal {
            ok = self.number_error(self.at, format!("'{e}' exponent requires decimal mantissa"));
        } else if ok && matches!(e, 'p' | 'P') && prefix != Prefix::Hex {
            ok =
                self.number_error(self.at, format!("'{e}' exponent requires hexadecimal mantissa"));
        }
        self.at += 1;
        if matches!(self.peek(), b'+' | b'-') {
            self.at += 1;
        }
        digits.digit = false;
        self.digits(10, digits, &mut None);
        if !digits.digit && ok {
            ok = self.number_error(self.at, "exponent has no digits");
        }
        ok
    }

    /// Reports an error and returns false, for the flag that the number is well-formed.
    fn number_error(&mut self, at: usize, message: impl Into<Box<str>>) -> bool {
        self.error_at(at, message);
        false
    }

    pub(super) fn literal(&mut self, kind: LitKind, ok: bool) {
        self.lit_kind = kind;
        self.lit_bad = !ok;
        self.closing(Token::Literal);
    }
}

/// The index of the first underscore that does not stand between digits; a base prefix counts as a digit.
fn invalid_separator(text: &[u8]) -> Option<usize> {
    let prefixed =
        text.len() >= 2 && text[0] == b'0' && matches!(text[1] | 0x20, b'x' | b'o' | b'b');
    let hex = prefixed && text[1] | 0x20 == b'x';
    let is_digit = |byte: u8| byte.is_ascii_digit() || hex && byte.is_ascii_hexdigit();
    let first = if prefixed { 2 } else { 0 };
    (first..text.len()).filter(|&i| text[i] == b'_').find(|&i| {
        let before = i == first && prefixed || i > first && is_digit(text[i - 1]);
        let after = text.get(i + 1).is_some_and(|&byte| byte == b'_' || is_digit(byte));
        !before || !after
    })
}
