//! Characters: what is wrong with a file's bytes, Go's character classes, and how messages name a character.

use crate::MAX_ERRORS;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

const BOM: &[u8] = "\u{feff}".as_bytes();

/// The errors in the bytes themselves, last one first: their offsets and texts. At most [`MAX_ERRORS`] of each sort.
pub(super) fn check(src: &[u8]) -> Vec<(u32, &'static str)> {
    let mut errors = Vec::new();
    for at in memchr::memchr_iter(0, src).take(MAX_ERRORS) {
        errors.push((at as u32, "invalid NUL character"));
    }
    if src.is_ascii() {
        errors.reverse();
        return errors;
    }
    for at in memchr::memmem::find_iter(src, BOM).filter(|&at| at > 0).take(MAX_ERRORS) {
        errors.push((at as u32, "invalid BOM in the middle of the file"));
    }
    let mut from = 0;
    for _ in 0..MAX_ERRORS {
        let Err(error) = str::from_utf8(&src[from..]) else {
            break;
        };
        from += error.valid_up_to();
        errors.push((from as u32, "invalid UTF-8 encoding"));
        // Go reports every byte of a broken sequence.
        from += 1;
    }
    errors.sort_unstable_by(|a, b| b.cmp(a));
    errors
}

/// The character at the start of `bytes` and its length; none if it is not valid UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let len = match bytes.first()? {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
        _ => return None,
    };
    let text = str::from_utf8(bytes.get(..len)?).ok()?;
    Some((text.chars().next()?, len))
}

/// Whether `c` is a letter (Unicode category L), as Go's `unicode.IsLetter` has it. `_` is not.
pub(super) fn is_letter(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_alphabetic(),
        false => c.general_category_group() == GeneralCategoryGroup::Letter,
    }
}

/// Whether `c` is a decimal digit (Unicode category Nd), as Go's `unicode.IsDigit` has it.
pub(super) fn is_digit(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_digit(),
        false => c.general_category() == GeneralCategory::DecimalNumber,
    }
}

fn is_printable(c: char) -> bool {
    use GeneralCategoryGroup::{Other, Separator};
    c == ' ' || !matches!(c.general_category_group(), Other | Separator)
}

/// `c` as Go's format `%#U` writes it: `U+0040 '@'`.
pub(super) fn describe(c: char) -> String {
    match is_printable(c) {
        true => format!("U+{:04X} '{c}'", u32::from(c)),
        false => format!("U+{:04X}", u32::from(c)),
    }
}

/// `c` as Go's format `%q` writes it: a rune literal.
pub(super) fn quote(c: char) -> String {
    let escape = match c {
        '\x07' => "a",
        '\x08' => "b",
        '\x0c' => "f",
        '\n' => "n",
        '\r' => "r",
        '\t' => "t",
        '\x0b' => "v",
        '\\' => "\\",
        '\'' => "'",
        _ if is_printable(c) => return format!("'{c}'"),
        '\0'..='\x7f' => return format!("'\\x{:02x}'", u32::from(c)),
        '\u{80}'..='\u{ffff}' => return format!("'\\u{:04x}'", u32::from(c)),
        _ => return format!("'\\U{:08x}'", u32::from(c)),
    };
    format!("'\\{escape}'")
}
