//! The syntax that go.mod and go.work share: lines of a verb and its arguments, where a verb may
//! head a block in parentheses.

use std::path::Path;

use crate::error::{Error, Position, Result};

/// One line: a verb and its arguments. A line of a block has the block's verb.
#[derive(Debug)]
pub(super) struct Line {
    pub verb: Word,
    pub args: Vec<Word>,
    /// The comment at the line's end, without its slashes.
    pub comment: String,
}

/// A word, or a piece of punctuation: `=>`, `,`, `[`, `]`.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub text: String,
    pub offset: usize,
    /// Whether it was written in quotes; then it is no punctuation, whatever it says.
    quoted: bool,
}

impl Word {
    pub fn is(&self, punctuation: &str) -> bool {
        !self.quoted && self.text == punctuation
    }
}

/// A file being read: its path and text, for positions.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub path: &'a Path,
    pub source: &'a [u8],
}

impl Text<'_> {
    pub fn error(self, offset: usize, message: impl Into<String>) -> Error {
        Error::at(Position::of(self.path, self.source, offset), message)
    }
}

/// Reads all lines of a file.
pub(super) fn parse(text: Text) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut block: Option<Word> = None;
    let mut start = 0;
    for raw in text.source.split(|&b| b == b'\n') {
        let (mut words, comment) = split(text, raw, start)?;
        start += raw.len() + 1;
        if words.is_empty() {
            continue;
        }
        if let Some(verb) = &block {
            if words[0].is(")") {
                if let Some(extra) = words.get(1) {
                    return Err(text.error(extra.offset, "expected a line break after )"));
                }
                block = None;
                continue;
            }
            refuse_parentheses(text, &words)?;
            let verb = verb.clone();
            lines.push(Line { verb, args: words, comment });
            continue;
        }
        let verb = words.remove(0);
        if words.first().is_some_and(|word| word.is("(")) {
            match words.get(1) {
                None => block = Some(verb),
                Some(close) if close.is(")") && words.len() == 2 => {}
                Some(extra) => {
                    return Err(text.error(extra.offset, "expected a line break after ("));
                }
            }
            continue;
        }
        refuse_parentheses(text, std::slice::from_ref(&verb))?;
        refuse_parentheses(text, &words)?;
        lines.push(Line { verb, args: words, comment });
    }
    match block {
        Some(verb) => Err(text.error(verb.offset, format!("block of {} is not closed", verb.text))),
        None => Ok(lines),
    }
}

fn refuse_parentheses(text: Text, words: &[Word]) -> Result<()> {
    match words.iter().find(|word| word.is("(") || word.is(")")) {
        Some(word) => Err(text.error(word.offset, format!("unexpected {}", word.text))),
        None => Ok(()),
    }
}

/// The words of one line and its comment. `start` is the offset of `raw` in the file.
fn split(text: Text, raw: &[u8], start: usize) -> Result<(Vec<Word>, String)> {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        while matches!(raw.get(at), Some(b' ' | b'\t' | b'\r')) {
            at += 1;
        }
        let rest = &raw[at..];
        let offset = start + at;
        if rest.is_empty() {
            return Ok((words, String::new()));
        }
        if let Some(comment) = rest.strip_prefix(b"//") {
            let comment = String::from_utf8_lossy(comment).trim().to_string();
            return Ok((words, comment));
        }
        if rest.starts_with(b"/*") {
            return Err(text.error(offset, "mod files must use // comments (not /* */ comments)"));
        }
        let quoted = matches!(rest[0], b'"' | b'`');
        let len = if quoted { quoted_len(rest) } else { Some(word_len(rest)) };
        let Some(len) = len else {
            return Err(text.error(offset, "string is not closed"));
        };
        let Some(word) = word_text(&rest[..len], quoted) else {
            return Err(text.error(offset, "invalid text: not UTF-8, or with control characters"));
        };
        words.push(Word { text: word, offset, quoted });
        at += len;
    }
}

fn word_len(rest: &[u8]) -> usize {
    if rest.starts_with(b"=>") {
        return 2;
    }
    let is_single = |b: u8| b"()[]{},".contains(&b);
    if is_single(rest[0]) {
        return 1;
    }
    let ends = |(at, &b): (usize, &u8)| {
        matches!(b, b' ' | b'\t' | b'\r') || is_single(b) || rest[at..].starts_with(b"//")
    };
    rest.iter().enumerate().position(ends).unwrap_or(rest.len())
}

fn quoted_len(rest: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match *rest.get(at)? {
            b'\\' if rest[0] == b'"' => at += 2,
            b if b == rest[0] => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn word_text(raw: &[u8], quoted: bool) -> Option<String> {
    let text = std::str::from_utf8(raw).ok()?;
    if text.chars().any(char::is_control) {
        return None;
    }
    if !quoted {
        return Some(text.to_string());
    }
    let inner = &text[1..text.len() - 1];
    if text.starts_with('`') {
        return Some(inner.to_string());
    }
    let mut value = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        value.push(match c {
            '\\' => chars.next().filter(|c| matches!(c, '\\' | '"'))?,
            c => c,
        });
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(source: &str) -> Vec<String> {
        let text = Text { path: Path::new("go.mod"), source: source.as_bytes() };
        match parse(text) {
            Ok(lines) => lines
                .iter()
                .map(|line| {
                    let args: Vec<_> = line.args.iter().map(|w| w.text.as_str()).collect();
                    format!("{}|{}|{}", line.verb.text, args.join("|"), line.comment)
                })
                .collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    #[test]
    fn reads_lines_and_blocks() {
        let source = "// top\r\nmodule \"a b\"\nrequire (\n\tx v1 // indirect\n\n\ty v2\n)\nretract [v1, `v2`]\nreplace a=>b\nempty ( )";
        assert_eq!(
            show(source),
            [
                "module|a b|",
                "require|x|v1|indirect",
                "require|y|v2|",
                "retract|[|v1|,|v2|]|",
                "replace|a=>b|"
            ]
        );
    }

    #[test]
    fn places_errors() {
        assert_eq!(show("a\nrequire (\nx"), ["go.mod:2:1: block of require is not closed"]);
        assert_eq!(
            show("a /* b */"),
            ["go.mod:1:3: mod files must use // comments (not /* */ comments)"]
        );
        assert_eq!(show("a \"b"), ["go.mod:1:3: string is not closed"]);
        assert_eq!(show("a \"b\\"), ["go.mod:1:3: string is not closed"]);
        assert_eq!(
            show("a \0"),
            ["go.mod:1:3: invalid text: not UTF-8, or with control characters"]
        );
        assert_eq!(show("a ("), ["go.mod:1:1: block of a is not closed"]);
        assert_eq!(show(")"), ["go.mod:1:1: unexpected )"]);
        assert_eq!(show("a b ("), ["go.mod:1:5: unexpected ("]);
        assert_eq!(show("a (\n) x"), ["go.mod:2:3: expected a line break after )"]);
    }
}
