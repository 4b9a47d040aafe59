//! Rune and string literals (Go specification, "Rune literals" and "String literals").

use super::numbers::base_name;
use super::{Lexer, chars};
use crate::token::LitKind;

impl Lexer<'_> {
    /// Reads an interpreted string, its opening quote read already.
    pub(super) fn string(&mut self) {
        let mut ok = true;
        loop {
            let rest = &self.src[self.at..];
            self.at += memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    break;
                }
                b'\\' => {
                    self.at += 1;
                    ok &= self.escape(b'"');
                }
                b'\n' => {
                    self.error_at(self.at, "newline in string");
                    ok = false;
                    break;
                }
                _ => {
                    self.error_at(self.start, "string not terminated");
                    ok = false;
                    break;
                }
            }
        }
        self.literal(LitKind::String, ok && self.is_utf8());
    }

    /// Reads a raw string, its opening quote read already. Carriage returns stay in the text.
    pub(super) fn raw_string(&mut self) {
        let rest = &self.src[self.at..];
        let end = memchr::memchr(b'`', rest);
        self.at += end.map_or(rest.len(), |end| end + 1);
        if end.is_none() {
            self.error_at(self.start, "string not terminated");
        }
        self.literal(LitKind::String, end.is_some() && self.is_utf8());
    }

    /// Reads a rune literal, its opening quote read already.
    pub(super) fn rune(&mut self) {
        let mut ok = true;
        let mut count = 0;
        loop {
            match self.peek() {
                b'\'' => {
                    if ok && count == 0 {
                        self.error_at(self.at, "empty rune literal or unescaped '");
                        ok = false;
                    } else if ok && count != 1 {
                        self.error_at(self.start, "more than one character in rune literal");
                        ok = false;
                    }
                    self.at += 1;
                    break;
                }
                b'\\' => {
                    self.at += 1;
                    ok &= self.escape(b'\'');
                }
                b'\n' => {
                    if ok {
                        self.error_at(self.at, "newline in rune literal");
                        ok = false;
                    }
                    break;
                }
                0 if self.at_end() => {
                    if ok {
                        self.error_at(self.start, "rune literal not terminated");
                        ok = false;
                    }
                    break;
                }
                _ => match chars::decode(&self.src[self.at..]) {
                    Some((c, len)) if !matches!(c, '\0' | '\u{feff}') => self.at += len,
                    // Reported already, and not there as far as literals are concerned.
                    skipped => {
                        self.at += skipped.map_or(1, |(_, len)| len);
                        continue;
                    }
                },
            }
            count += 1;
        }
        self.literal(LitKind::Rune, ok && self.is_utf8());
    }

    fn is_utf8(&self) -> bool {
        self.pending.is_empty() || str::from_utf8(&self.src[self.start..self.at]).is_ok()
    }

    /// Reads what follows a backslash; false if it was wrong. The file's end is left for the caller to complain of.
    fn escape(&mut self, quote: u8) -> bool {
        let (digits, base, max) = match self.peek() {
            b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'\\' => {
                self.at += 1;
                return true;
            }
            byte if byte == quote => {
                self.at += 1;
                return true;
            }
            b'0'..=b'7' => (3, 8, 255),
            b'x' => (2, 16, 255),
            b'u' => (4, 16, u32::from(char::MAX)),
            b'U' => (8, 16, u32::from(char::MAX)),
            0 if self.at_end() => return true,
            _ => {
                self.error_at(self.at, "unknown escape");
                return false;
            }
        };
        if base == 16 {
            self.at += 1;
        }
        self.escaped_number(digits, base, max)
    }

    fn escaped_number(&mut self, digits: u32, base: u32, max: u32) -> bool {
        let mut value = 0u32;
        for _ in 0..digits {
            if self.at_end() {
                return true;
            }
            let (c, len) =
                chars::decode(&self.src[self.at..]).unwrap_or((char::REPLACEMENT_CHARACTER, 1));
            let Some(digit) = c.to_digit(base) else {
                let (c, base) = (chars::quote(c), base_name(base));
                self.error_at(self.at, format!("invalid character {c} in {base} escape"));
                return false;
            };
            value = value.wrapping_mul(base).wrapping_add(digit);
            self.at += len;
        }
        if base == 8 && value > max {
            self.error_at(self.at, format!("octal escape value {value} > 255"));
            return false;
        }
        if value > max || (0xd800..0xe000).contains(&value) {
            let message = format!("escape is invalid Unicode code point U+{value:04X}");
            self.error_at(self.at, message);
            return false;
        }
        true
    }
}
