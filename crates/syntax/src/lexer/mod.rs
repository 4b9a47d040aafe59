//! From bytes to tokens.
//!
//! The lexer works on bytes and looks at characters only where they are not ASCII. Whatever is wrong with the bytes
//! themselves (NUL, invalid UTF-8, a byte order mark in the middle) is found by one quick look over the whole file
//! ([`chars::check`]) and reported when the lexer gets there; the rest of the lexer skips over such bytes.
//!
//! Texts and positions of errors follow Go's compiler (`cmd/compile/internal/syntax`, scanner.go and source.go).

mod chars;
mod comments;
mod idents;
mod literals;
mod numbers;

use std::ops::Range;

use crate::ast::{Comment, Directive};
use crate::diagnostic::Diagnostic;
use crate::intern::{Interner, Symbol, sym};
use crate::lines::LineTable;
use crate::pos::{MAX_SOURCE_BYTES, Pos, Source};
use crate::token::{LitKind, Op, Token};
use idents::NameCache;

use chars::describe;

/// Where a semicolon came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Semi {
    Semicolon,
    Newline,
    Eof,
}

impl Semi {
    /// The word that error messages have for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Semi::Semicolon => "semicolon",
            Semi::Newline => "newline",
            Semi::Eof => "EOF",
        }
    }
}

/// Splits a source file into tokens.
///
/// # Example
///
/// ```
/// use trigo_syntax::token::Token;
/// use trigo_syntax::{FileId, Interner, Lexer, Source};
///
/// let interner = Interner::new();
/// let source = Source::new(FileId(0), "p.go", *b"x := 1 // one\n");
/// let mut lexer = Lexer::new(&source, &interner);
/// let mut tokens = Vec::new();
/// while lexer.next_token() != Token::Eof {
///     tokens.push((lexer.token(), lexer.text()));
/// }
/// assert_eq!(tokens, [
///     (Token::Name, "x"), (Token::Define, ":="), (Token::Literal, "1"), (Token::Semi, "\n"),
/// ]);
/// assert!(lexer.diagnostics().is_empty());
/// ```
pub struct Lexer<'s> {
    pub(crate) source: &'s Source,
    pub(crate) src: &'s [u8],
    pub(crate) interner: &'s Interner,
    names: Box<NameCache>,
    /// The next byte to read.
    at: usize,
    /// Whether a line's end here stands for a semicolon.
    newline_is_semi: bool,
    pub(crate) keep_comments: bool,
    pub(crate) tok: Token,
    start: usize,
    /// Of a [`Token::Name`].
    pub(crate) symbol: Symbol,
    /// Of operators, `*`, `op=` and `++`.
    pub(crate) op: Op,
    /// Of operators and `*`: their precedence as binary operators.
    pub(crate) precedence: u8,
    /// Of a [`Token::Literal`].
    pub(crate) lit_kind: LitKind,
    /// Of a [`Token::Literal`]: whether it is malformed.
    pub(crate) lit_bad: bool,
    /// Of a [`Token::Semi`].
    pub(crate) semi: Semi,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) directives: Vec<Directive>,
    pub(crate) lines: LineTable,
    /// Errors in the bytes, last one first, to be reported when they are passed.
    pending: Vec<(u32, &'static str)>,
}

impl<'s> Lexer<'s> {
    /// A lexer at the start of `source`. Names are interned in `interner`.
    pub fn new(source: &'s Source, interner: &'s Interner) -> Self {
        let too_large = source.text.len() > MAX_SOURCE_BYTES;
        let src: &[u8] = if too_large { &[] } else { &source.text };
        let mut lexer = Self {
            source,
            src,
            interner,
            names: NameCache::new(),
            at: 0,
            newline_is_semi: false,
            keep_comments: false,
            tok: Token::Eof,
            start: 0,
            symbol: sym::BLANK,
            op: Op::Add,
            precedence: 0,
            lit_kind: LitKind::Int,
            lit_bad: false,
            semi: Semi::Eof,
            diagnostics: Vec::new(),
            comments: Vec::new(),
            directives: Vec::new(),
            lines: LineTable::new(src),
            pending: chars::check(src),
        };
        if too_large {
            let limit = MAX_SOURCE_BYTES >> 30;
            lexer.error_at(0, format!("source file is larger than {limit} GiB"));
        }
        lexer
    }

    /// Keeps all comments from here on, for [`Lexer::comments`].
    pub fn keep_comments(&mut self) {
        self.keep_comments = true;
    }

    /// The token read last.
    pub fn token(&self) -> Token {
        self.tok
    }

    /// The position of the token read last.
    pub fn pos(&self) -> Pos {
        Pos(self.start as u32)
    }

    /// The bytes of the token read last; none for a semicolon that stands for the end of the file.
    pub fn span(&self) -> Range<usize> {
        self.start..self.at
    }

    /// The text of the token read last; empty if it is not UTF-8.
    pub fn text(&self) -> &'s str {
        str::from_utf8(&self.src[self.span()]).unwrap_or("")
    }

    /// The name read last, if the token is one.
    pub fn symbol(&self) -> Option<Symbol> {
        (self.tok == Token::Name).then_some(self.symbol)
    }

    /// What was wrong so far.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The comments read so far, since [`Lexer::keep_comments`].
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// Reads the next token. After the last one there is [`Token::Eof`] for ever.
    pub fn next_token(&mut self) -> Token {
        let newline_is_semi = std::mem::take(&mut self.newline_is_semi);
        self.scan(newline_is_semi);
        if !self.pending.is_empty() {
            self.report_pending();
        }
        self.tok
    }

    /// Goes to the end of the file at once.
    pub(crate) fn skip_all(&mut self) {
        self.at = self.src.len();
        self.start = self.at;
        self.newline_is_semi = false;
        self.pending.clear();
        self.tok = Token::Eof;
    }

    fn byte(&self, at: usize) -> u8 {
        self.src.get(at).copied().unwrap_or(0)
    }

    /// The byte to read next, or 0 at the end.
    fn peek(&self) -> u8 {
        self.byte(self.at)
    }

    fn at_end(&self) -> bool {
        self.at >= self.src.len()
    }

    fn error_at(&mut self, at: usize, message: impl Into<Box<str>>) {
        self.diagnostics.push(Diagnostic::new(self.source.id, Pos(at as u32), message));
    }

    #[cold]
    fn report_pending(&mut self) {
        while let Some(&(at, message)) = self.pending.last()
            && ((at as usize) < self.at || self.at_end())
        {
            self.pending.pop();
            self.error_at(at as usize, message);
        }
    }

    /// Skips white space and comments and reads a token.
    fn scan(&mut self, newline_is_semi: bool) {
        loop {
            let mut at = self.at;
            let mut byte = self.byte(at);
            while matches!(byte, b' ' | b'\t' | b'\r') || byte == b'\n' && !newline_is_semi {
                at += 1;
                byte = self.byte(at);
            }
            self.at = at;
            self.start = at;
            if idents::is_ident_start(byte) {
                return self.ident();
            }
            match byte {
                b'\n' => {
                    self.at += 1;
                    return self.semicolon(Semi::Newline);
                }
                b'/' if self.byte(self.at + 1) == b'/' => self.line_comment(),
                b'/' if self.byte(self.at + 1) == b'*' => {
                    if self.full_comment() && newline_is_semi {
                        return self.semicolon(Semi::Newline);
                    }
                }
                0 if self.at_end() => {
                    if newline_is_semi {
                        return self.semicolon(Semi::Eof);
                    }
                    self.tok = Token::Eof;
                    return;
                }
                0 => self.at += 1,
                0x80.. => match self.non_ascii_start() {
                    true => return self.unusual_ident(),
                    false => continue,
                },
                _ => {
                    if self.symbol_token(byte) {
                        return;
                    }
                }
            }
        }
    }

    fn semicolon(&mut self, semi: Semi) {
        self.tok = Token::Semi;
        self.semi = semi;
    }

    /// Reads a token that starts with the ASCII character `byte`; false if there is none.
    fn symbol_token(&mut self, byte: u8) -> bool {
        self.at += 1;
        match byte {
            b'0'..=b'9' => {
                self.at -= 1;
                self.number();
            }
            b'"' => self.string(),
            b'`' => self.raw_string(),
            b'\'' => self.rune(),
            b'(' => self.tok = Token::LParen,
            b'[' => self.tok = Token::LBrack,
            b'{' => self.tok = Token::LBrace,
            b',' => self.tok = Token::Comma,
            b';' => self.semicolon(Semi::Semicolon),
            b')' => self.closing(Token::RParen),
            b']' => self.closing(Token::RBrack),
            b'}' => self.closing(Token::RBrace),
            b':' => {
                self.tok = Token::Colon;
                if self.take(b'=') {
                    self.tok = Token::Define;
                }
            }
            b'.' => self.dot(),
            b'=' => {
                self.tok = Token::Assign;
                if self.take(b'=') {
                    self.operator(Op::Eql);
                }
            }
            _ => return self.operator_token(byte),
        }
        true
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == byte;
        self.at += usize::from(there);
        there
    }

    fn closing(&mut self, tok: Token) {
        self.tok = tok;
        self.newline_is_semi = true;
    }

    fn dot(&mut self) {
        self.tok = Token::Dot;
        if self.peek().is_ascii_digit() {
            self.at -= 1;
            self.number();
        } else if self.peek() == b'.' && self.byte(self.at + 1) == b'.' {
            self.at += 2;
            self.tok = Token::DotDotDot;
        }
    }

    fn operator(&mut self, op: Op) {
        self.tok = Token::Operator;
        self.op = op;
        self.precedence = op.precedence();
    }

    /// `op`, or `op=`.
    fn operator_or_assign(&mut self, op: Op) {
        self.operator(op);
        if self.take(b'=') {
            self.tok = Token::AssignOp;
        }
    }

    /// `op`, `op=`, or `opop`, which ends a statement.
    fn operator_or_inc(&mut self, byte: u8, op: Op) {
        if self.take(byte) {
            self.operator(op);
            self.closing(Token::IncOp);
        } else {
            self.operator_or_assign(op);
        }
    }

    fn operator_token(&mut self, byte: u8) -> bool {
        match byte {
            b'+' => self.operator_or_inc(byte, Op::Add),
            b'-' => self.operator_or_inc(byte, Op::Sub),
            b'*' => {
                self.operator_or_assign(Op::Mul);
                if self.tok == Token::Operator {
                    self.tok = Token::Star;
                }
            }
            b'/' => self.operator_or_assign(Op::Div),
            b'%' => self.operator_or_assign(Op::Rem),
            b'^' => self.operator_or_assign(Op::Xor),
            b'&' if self.take(b'&') => self.operator(Op::AndAnd),
            b'&' if self.take(b'^') => self.operator_or_assign(Op::AndNot),
            b'&' => self.operator_or_assign(Op::And),
            b'|' if self.take(b'|') => self.operator(Op::OrOr),
            b'|' => self.operator_or_assign(Op::Or),
            b'<' if self.take(b'=') => self.operator(Op::Leq),
            b'<' if self.take(b'<') => self.operator_or_assign(Op::Shl),
            b'<' if self.take(b'-') => self.tok = Token::Arrow,
            b'<' => self.operator(Op::Lss),
            b'>' if self.take(b'=') => self.operator(Op::Geq),
            b'>' if self.take(b'>') => self.operator_or_assign(Op::Shr),
            b'>' => self.operator(Op::Gtr),
            b'!' if self.take(b'=') => self.operator(Op::Neq),
            b'!' => self.operator(Op::Not),
            b'~' => self.operator(Op::Tilde),
            _ => {
                self.invalid_character(byte);
                return false;
            }
        }
        true
    }

    #[cold]
    fn invalid_character(&mut self, byte: u8) {
        let message = format!("invalid character {}", describe(char::from(byte)));
        self.error_at(self.start, message);
    }
}
