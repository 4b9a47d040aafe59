//! Tokens of the text form.

use super::print::is_word_char;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or keyword.
    Word(String),
    /// A quoted name or bytes.
    Quoted(Vec<u8>),
    /// A number, with its sign.
    Number(i128),
    /// One character, or one of `<-`.
    Punct(&'static str),
    /// The end of the text.
    End,
}

/// Two-character marks first.
const PUNCTS: &[&str] =
    &["<-", "(", ")", "[", "]", "{", "}", ",", ";", ":", "=", "@", "*", "+", "-"];

/// The tokens of a text, each with its line.
pub(super) fn lex(text: &str) -> Result<Vec<(Token, u32)>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    loop {
        let trimmed = rest.trim_start();
        line += newlines(&rest[..rest.len() - trimmed.len()]);
        rest = trimmed;
        let Some(first) = rest.chars().next() else {
            tokens.push((Token::End, line));
            return Ok(tokens);
        };
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            continue;
        }
        let (token, length) = if first == '"' {
            quoted(rest).ok_or_else(|| format!("line {line}: a quoted text that does not end"))?
        } else if first.is_ascii_digit() {
            number(rest).ok_or_else(|| format!("line {line}: a number that cannot be read"))?
        } else if let Some(punct) = PUNCTS.iter().find(|p| rest.starts_with(**p)) {
            (Token::Punct(punct), punct.len())
        } else if is_word_char(first) {
            let length = rest.find(|c| !is_word_char(c)).unwrap_or(rest.len());
            (Token::Word(rest[..length].into()), length)
        } else {
            return Err(format!("line {line}: unexpected {first:?}"));
        };
        tokens.push((token, line));
        rest = &rest[length..];
    }
}

fn newlines(text: &str) -> u32 {
    text.bytes().filter(|&b| b == b'\n').count() as u32
}

fn number(rest: &str) -> Option<(Token, usize)> {
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let digits = &rest[..length];
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    Some((Token::Number(value.ok()?), length))
}

fn quoted(rest: &str) -> Option<(Token, usize)> {
    let bytes = rest.as_bytes();
    let mut out = Vec::new();
    let mut at = 1;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'"', _) => return Some((Token::Quoted(out), at + 1)),
            (b'\\', Some(b'n')) => out.push(b'\n'),
            (b'\\', Some(b'x')) => {
                out.push(u8::from_str_radix(rest.get(at + 2..at + 4)?, 16).ok()?);
                at += 2;
            }
            (b'\\', Some(&byte)) => out.push(byte),
            (b'\n', _) => return None,
            (&byte, _) => {
                out.push(byte);
                at += 1;
                continue;
            }
        }
        at += 2;
    }
}
