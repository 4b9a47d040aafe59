//! What selecting files needs of a Go file, read without parsing it: the build constraint, the
//! package clause, the imports and the `//go:embed` patterns.
//!
//! The scan stops after the last import, unless the file imports `embed`. It reports no syntax
//! errors: at the first thing it does not understand it stops, and the parser, which reads the
//! selected files afterwards, says what is wrong. Where a constraint may stand follows the
//! documentation of package `go/build/constraint`.

use serde::{Deserialize, Serialize};

use crate::constraint::Expr;
use crate::version::GoVersion;

/// The scanned top of a Go file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name in the package clause; empty if there is none to be read.
    pub package: String,
    /// Where that name stands, in bytes.
    pub package_offset: usize,
    /// The imports, in source order.
    pub imports: Vec<ImportSpec>,
    /// The patterns of the `//go:embed` lines, in source order; empty unless the file imports
    /// `embed`.
    pub embeds: Vec<EmbedPattern>,
    /// The language version the file asks for by its `//go:build` line.
    pub go_version: Option<GoVersion>,
    /// Whether the text up to the last import could be read.
    pub complete: bool,
}

/// One import of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportSpec {
    /// The path, unquoted.
    pub path: String,
    /// Where the import stands, in bytes: its name if it has one, else its path.
    pub offset: usize,
}

/// One pattern of a `//go:embed` line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedPattern {
    /// The pattern, unquoted, with its `all:` if it has one.
    pub pattern: String,
    /// Where it stands, in bytes.
    pub offset: usize,
}

impl Header {
    /// Scans a file. The constraint is left out: see [`constraint`].
    pub fn scan(source: &[u8]) -> Header {
        let mut scanner = Scanner { source, at: 0 };
        let mut header = Header::default();
        scanner.skip_byte_order_mark();
        header.complete = scanner.clauses(&mut header).is_some();
        if header.imports.iter().any(|import| import.path == "embed") {
            scanner.embeds(&mut header.embeds);
        }
        header
    }
}

/// The build constraint of a file, Go or not: its `//go:build` line, or else all its `// +build`
/// lines together.
///
/// # Errors
/// A malformed `//go:build` line, or two of them.
pub fn constraint(source: &[u8]) -> Result<Option<Expr>, String> {
    let mut go_build: Option<&[u8]> = None;
    let mut plus_build: Vec<&[u8]> = Vec::new();
    // A +build line counts only where a blank line parts it from the package clause.
    let mut plus_build_counts = 0;
    let mut top = true;
    let mut in_comment = false;
    for line in source.split(|&b| b == b'\n') {
        let mut line = line.trim_ascii();
        if line.is_empty() && top {
            plus_build_counts = plus_build.len();
            continue;
        }
        top &= line.starts_with(b"//");
        if !in_comment && is_go_build(line) && go_build.replace(line).is_some() {
            return Err("multiple //go:build comments".to_string());
        }
        if top && comment_text(line).starts_with(b"+build") {
            plus_build.push(line);
        }
        if !skip_comments(&mut line, &mut in_comment) {
            break;
        }
    }
    if let Some(line) = go_build {
        let text = String::from_utf8_lossy(&line["//go:build".len()..]);
        return Expr::parse(text.trim())
            .map(Some)
            .map_err(|error| format!("parsing //go:build line: {error}"));
    }
    Ok(plus_build[..plus_build_counts]
        .iter()
        .filter_map(|line| plus_build_line(line))
        .reduce(|left, right| Expr::And(left.into(), right.into())))
}

/// Moves `line` past the comments it starts with. False if other text follows them.
fn skip_comments(line: &mut &[u8], in_comment: &mut bool) -> bool {
    while !line.is_empty() {
        if *in_comment {
            let Some(end) = memchr::memmem::find(line, b"*/") else {
                return true;
            };
            *in_comment = false;
            *line = line[end + 2..].trim_ascii();
        } else if line.starts_with(b"//") {
            return true;
        } else if line.starts_with(b"/*") {
            *in_comment = true;
            *line = line[2..].trim_ascii();
        } else {
            return false;
        }
    }
    true
}

fn comment_text(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"//").unwrap_or(line).trim_ascii_start()
}

fn is_go_build(line: &[u8]) -> bool {
    line.strip_prefix(b"//go:build")
        .is_some_and(|rest| rest.first().is_none_or(|b| matches!(b, b' ' | b'\t')))
}

fn plus_build_line(line: &[u8]) -> Option<Expr> {
    let text = comment_text(line).strip_prefix(b"+build")?;
    if text.first().is_some_and(|b| !b.is_ascii_whitespace()) {
        return None;
    }
    Expr::parse_plus_build(std::str::from_utf8(text).ok()?)
}

struct Scanner<'a> {
    source: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn skip_byte_order_mark(&mut self) {
        if self.source.starts_with(b"\xEF\xBB\xBF") {
            self.at = 3;
        }
    }

    /// The package clause and the imports. None if they end in something else than a declaration.
    fn clauses(&mut self, header: &mut Header) -> Option<()> {
        if self.word()? != b"package" {
            return None;
        }
        self.skip_space();
        header.package_offset = self.at;
        header.package = String::from_utf8(self.word()?.to_vec()).ok()?;
        loop {
            // Comments behind the last import are left to the search for patterns.
            let end = self.at;
            self.skip_space_and_semicolons();
            if self.peek().is_none() {
                self.at = end;
                return Some(());
            }
            if self.word()? != b"import" {
                self.at = end;
                return Some(());
            }
            self.skip_space();
            if self.peek() != Some(b'(') {
                header.imports.push(self.import()?);
                continue;
            }
            self.at += 1;
            self.skip_space_and_semicolons();
            while self.peek()? != b')' {
                header.imports.push(self.import()?);
                self.skip_space_and_semicolons();
            }
            self.at += 1;
        }
    }

    /// An optional name and a path.
    fn import(&mut self) -> Option<ImportSpec> {
        self.skip_space();
        let offset = self.at;
        if self.peek()? == b'.' {
            self.at += 1;
        } else if !matches!(self.peek()?, b'"' | b'`') {
            self.word()?;
        }
        self.skip_space();
        Some(ImportSpec { path: self.string()?, offset })
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn skip_space_and_semicolons(&mut self) {
        self.skip_space();
        while self.peek() == Some(b';') {
            self.at += 1;
            self.skip_space();
        }
    }

    /// Skips white space, line breaks and comments.
    fn skip_space(&mut self) {
        loop {
            match &self.source[self.at..] {
                [b' ' | b'\t' | b'\r' | b'\n', ..] => self.at += 1,
                [b'/', b'/', ..] => self.skip_past(b"\n"),
                [b'/', b'*', ..] => {
                    self.at += 2;
                    self.skip_past(b"*/");
                }
                _ => return,
            }
        }
    }

    fn skip_past(&mut self, end: &[u8]) {
        self.at = match memchr::memmem::find(&self.source[self.at..], end) {
            Some(found) => self.at + found + end.len(),
            None => self.source.len(),
        };
    }

    /// An identifier or keyword.
    fn word(&mut self) -> Option<&'a [u8]> {
        self.skip_space();
        let rest = &self.source[self.at..];
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
        let len = rest.iter().position(|&b| !is_part(b)).unwrap_or(rest.len());
        self.at += len;
        (len > 0).then(|| &rest[..len])
    }

    /// A string literal without line breaks.
    fn string(&mut self) -> Option<String> {
        let (text, len) = string_literal(&self.source[self.at..])?;
        self.at += len;
        Some(text)
    }

    /// Collects the patterns of every `//go:embed` that stands first on its line.
    fn embeds(&mut self, embeds: &mut Vec<EmbedPattern>) {
        if memchr::memmem::find(&self.source[self.at..], b"//go:embed").is_none() {
            return;
        }
        let mut line_start = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => line_start = true,
                b' ' | b'\t' | b'\r' => {}
                b'/' if self.source[self.at..].starts_with(b"//") => {
                    let start = self.at;
                    self.skip_past(b"\n");
                    if line_start {
                        embed_line(&self.source[start..self.at], start, embeds);
                    }
                    line_start = true;
                    continue;
                }
                b'/' if self.source[self.at..].starts_with(b"/*") => {
                    self.at += 2;
                    self.skip_past(b"*/");
                    continue;
                }
                b'"' | b'\'' | b'`' => {
                    line_start = false;
                    self.skip_literal(byte);
                    continue;
                }
                _ => line_start = false,
            }
            self.at += 1;
        }
    }

    /// Skips a string or rune literal; a broken one ends at its line.
    fn skip_literal(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            if byte == b'\n' && quote != b'`' {
                return;
            }
            self.at += 1;
            if byte == quote {
                return;
            }
            if byte == b'\\' && quote != b'`' {
                self.at += 1;
            }
        }
        self.at = self.at.min(self.source.len());
    }
}

/// The patterns of one comment line that starts at byte `start` of the file.
fn embed_line(line: &[u8], start: usize, embeds: &mut Vec<EmbedPattern>) {
    let prefix = b"//go:embed";
    let Some(args) = line.strip_prefix(prefix) else {
        return;
    };
    if !args.first().is_none_or(u8::is_ascii_whitespace) {
        return;
    }
    let mut at = 0;
    loop {
        while args.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let Some(&first) = args.get(at) else { return };
        let rest = &args[at..];
        let literal = match first {
            b'"' | b'`' => string_literal(rest),
            _ => {
                let end = rest.iter().position(u8::is_ascii_whitespace);
                let len = end.unwrap_or(rest.len());
                Some((String::from_utf8_lossy(&rest[..len]).into_owned(), len))
            }
        };
        let Some((pattern, len)) = literal else {
            return;
        };
        let offset = start + prefix.len() + at;
        embeds.push(EmbedPattern { pattern, offset });
        at += len;
    }
}

/// The value and length of the string literal the text starts with, if it is one an import or
/// embed pattern can be: UTF-8, on one line. Of escapes, only those of `\\` and `\"` occur in
/// paths; another makes the literal unreadable here.
fn string_literal(text: &[u8]) -> Option<(String, usize)> {
    let quote = *text.first()?;
    let mut value = Vec::new();
    let mut at = 1;
    loop {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'\n' => return None,
            b'\\' if quote == b'"' => {
                value.push(*text.get(at).filter(|b| matches!(b, b'\\' | b'"'))?);
                at += 1;
            }
            _ if byte == quote => return Some((String::from_utf8(value).ok()?, at)),
            _ if matches!(quote, b'"' | b'`') => value.push(byte),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(source: &str) -> (String, Vec<String>, bool) {
        let header = Header::scan(source.as_bytes());
        let paths = header.imports.into_iter().map(|i| i.path).collect();
        (header.package, paths, header.complete)
    }

    #[test]
    fn reads_clauses() {
        let source = "\u{feff}// c\n/* d */ package /* e */ p; import \"a\"\nimport (\n\t. \"b\"; x `c/d` // z\n\n\t_ \"e\"\n)\nvar x = 1\nimport \"no\"";
        let (package, paths, complete) = imports(source);
        assert_eq!(package, "p");
        assert_eq!(paths, ["a", "b", "c/d", "e"]);
        assert!(complete);
        let header = Header::scan(b"package p\nimport \"a\"");
        assert_eq!(header.imports[0].offset, 17);
        assert_eq!(header.package_offset, 8);
    }

    #[test]
    fn stops_at_garbage() {
        assert_eq!(imports("pakage p"), (String::new(), vec![], false));
        assert_eq!(imports(""), (String::new(), vec![], false));
        assert_eq!(imports("package p\nimport ("), ("p".into(), vec![], false));
        assert_eq!(imports("package p\nimport 'a'"), ("p".into(), vec![], false));
        assert_eq!(imports("package p\nimport \"a"), ("p".into(), vec![], false));
        assert_eq!(imports("package p\nimport a \0"), ("p".into(), vec![], false));
        assert_eq!(imports("package p /*"), ("p".into(), vec![], true));
    }

    #[test]
    fn finds_embeds_only_where_they_stand() {
        let source = "package p\nimport _ \"embed\" //go:embed no\n\
            //go:embed first\n\
            var s = `\n//go:embed no\n`\n\
            /*\n//go:embed no\n*/\n\
            var c = '\"'\n\
            x() //go:embed no\n\
            //go:embedded no\n\
            \t//go:embed a b/*.txt \"c d\" `e`\n\
            var f embed.FS\n\
            //go:embed all:f";
        let header = Header::scan(source.as_bytes());
        let patterns: Vec<_> = header.embeds.iter().map(|e| e.pattern.as_str()).collect();
        assert_eq!(patterns, ["first", "a", "b/*.txt", "c d", "e", "all:f"]);
        for embed in &header.embeds {
            let text = &source[embed.offset..];
            assert!(text.trim_start_matches(['"', '`']).starts_with(&embed.pattern));
        }
        let without = source.replace("import _ \"embed\"", "");
        assert_eq!(Header::scan(without.as_bytes()).embeds, []);
    }

    #[test]
    fn reads_constraints() {
        let tags = |source: &str| {
            let expr = constraint(source.as_bytes()).unwrap();
            expr.map(|e| e.eval(&|tag| matches!(tag, "linux" | "a")))
        };
        assert_eq!(tags("package p"), None);
        assert_eq!(tags("// c\n\n//go:build linux\npackage p"), Some(true));
        assert_eq!(tags("/* x */ //go:build no\npackage p"), None);
        assert_eq!(tags("/* x\n//go:build no\n*/\n//go:build linux\npackage p"), Some(true));
        assert_eq!(tags("package p\n//go:build no"), None);
        assert_eq!(tags("//go:buildx no\npackage p"), None);
        assert_eq!(tags("// +build no\n\npackage p"), Some(false));
        assert_eq!(tags("// +build no\npackage p"), None);
        assert_eq!(tags("// +build a\n// +build linux no\n\npackage p"), Some(true));
        assert_eq!(tags("//go:build a\n// +build no\n\npackage p"), Some(true));
        assert_eq!(tags("\r\n//go:build no\r\n\r\npackage p"), Some(false));
        assert!(constraint(b"//go:build a\n//go:build b\npackage p").is_err());
        assert_eq!(
            constraint(b"//go:build a b\npackage p"),
            Err("parsing //go:build line: unexpected token b".to_string())
        );
    }
}
