//! Comments, and the directives in them: `//go:` for the compiler and the tools, `//line` for positions.

use super::Lexer;
use crate::ast::{Comment, Directive};
use crate::lines::{LineBase, resolve};
use crate::pos::Pos;

/// The largest line or column a `//line` directive may give, as in Go's compiler.
const MAX_LINE: u64 = 1 << 30;

impl Lexer<'_> {
    /// Reads a comment up to the end of the line, which is left for the next token.
    pub(super) fn line_comment(&mut self) {
        let rest = &self.src[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.keep_comment();
        let text = &self.src[self.start + 2..self.at];
        if text.starts_with(b"go:") {
            self.directives.push(Directive {
                pos: Pos(self.start as u32),
                end: Pos(self.at as u32),
                alone: self.is_line_blank_before(self.start),
                attached: false,
            });
        } else if text.starts_with(b"line ") && self.is_line_start(self.start) {
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            self.line_directive(self.at + 1, text);
        }
    }

    /// Reads a comment up to `*/`; whether it spans lines.
    pub(super) fn full_comment(&mut self) -> bool {
        let body = self.start + 2;
        let Some(len) = memchr::memmem::find(&self.src[body..], b"*/") else {
            self.at = self.src.len();
            self.error_at(self.start, "comment not terminated");
            return memchr::memchr(b'\n', &self.src[body..]).is_some();
        };
        self.at = body + len + 2;
        self.keep_comment();
        let text = &self.src[body..body + len];
        let spans_lines = memchr::memchr(b'\n', text).is_some();
        if text.starts_with(b"line ") {
            self.line_directive(self.at, text);
        }
        spans_lines
    }

    fn keep_comment(&mut self) {
        if self.keep_comments {
            self.comments.push(Comment { pos: Pos(self.start as u32), end: Pos(self.at as u32) });
        }
    }

    fn is_line_start(&self, at: usize) -> bool {
        at == 0 || self.src[at - 1] == b'\n'
    }

    fn is_line_blank_before(&self, at: usize) -> bool {
        let before = &self.src[..at];
        let last = before.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        last.is_none_or(|last| before[last] == b'\n')
    }

    /// Notes that from `from` on positions count from the `file:line:col` or `file:line` at the end of `text`. What
    /// has no such end is an ordinary comment.
    fn line_directive(&mut self, from: usize, text: &[u8]) {
        let text_start = self.start + 2;
        let Some(text) = str::from_utf8(text).ok().and_then(|text| text.strip_prefix("line "))
        else {
            return;
        };
        let text_start = text_start + "line ".len();
        let Some((rest, last)) = text.rsplit_once(':') else {
            return;
        };
        let mut complain = |what: &str, number: &str, at: usize| {
            self.error_at(text_start + at, format!("invalid {what} number: {number}"));
        };
        let Some(n) = parse_number(last) else {
            return complain("line", &text[rest.len() + 1..], rest.len() + 1);
        };
        let before =
            rest.rsplit_once(':').and_then(|(name, line)| Some((name, parse_number(line)?)));
        let (name, line, col) = match before {
            Some((name, line)) => {
                if n == 0 || n > MAX_LINE {
                    return complain("column", last, rest.len() + 1);
                }
                (name, line, n)
            }
            None => (rest, n, 0),
        };
        if line == 0 || line > MAX_LINE {
            return complain("line", &text[name.len() + 1..], name.len() + 1);
        }
        let pos = Pos(from as u32);
        let file = match (name, before.is_some()) {
            ("", true) => self
                .lines
                .base(pos)
                .map_or_else(|| self.source.name.clone(), |base| base.file.clone()),
            ("", false) => "".into(),
            _ => resolve(&self.source.name, name),
        };
        self.lines.push_base(LineBase { pos, file, line: line as u32, col: col as u32 });
    }
}

/// A decimal number without a sign.
fn parse_number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
