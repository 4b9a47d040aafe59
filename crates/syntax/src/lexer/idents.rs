//! Identifiers and keywords.

use super::{Lexer, chars};
use crate::intern::{HASH_START, Symbol, hash_end, hash_word, sym};
use crate::token::Token;

/// Whether `byte` can start an identifier as it is: ASCII letters and `_`.
pub(super) fn is_ident_start(byte: u8) -> bool {
    IDENT_STARTS[usize::from(byte)]
}

const IDENT_STARTS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8;
        table[byte] = c.is_ascii_alphabetic() || c == b'_';
        byte += 1;
    }
    table
};

/// How many of the eight bytes of `word` from the lowest on are ASCII letters, digits or `_`.
///
/// All bytes are compared at once: adding `0x80 - c` to a byte below 0x80 sets its highest bit exactly if the byte is
/// at least `c`.
fn ident_prefix(word: u64) -> usize {
    const fn all(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    const fn at_least(byte: u8) -> u64 {
        all(0x80 - byte)
    }
    let low = word & all(0x7f);
    let lower = low | all(0x20);
    let letter = (lower + at_least(b'a')) & !(lower + at_least(b'z' + 1));
    let digit = (low + at_least(b'0')) & !(low + at_least(b'9' + 1));
    let not_underscore = (low ^ all(b'_')) + all(0x7f);
    let ident = (letter | digit | !not_underscore) & !word & all(0x80);
    ((ident ^ all(0x80)).trailing_zeros() / 8) as usize
}

const KEYWORDS: [Token; 25] = [
    Token::Break,
    Token::Case,
    Token::Chan,
    Token::Const,
    Token::Continue,
    Token::Default,
    Token::Defer,
    Token::Else,
    Token::Fallthrough,
    Token::For,
    Token::Func,
    Token::Go,
    Token::Goto,
    Token::If,
    Token::Import,
    Token::Interface,
    Token::Map,
    Token::Package,
    Token::Range,
    Token::Return,
    Token::Select,
    Token::Struct,
    Token::Switch,
    Token::Type,
    Token::Var,
];

const KEYWORD_SLOTS: usize = 64;

/// Keywords by [`keyword_slot`], which is different for each of them: their first eight bytes, and what they are.
const KEYWORD_TABLE: [(u64, Token); KEYWORD_SLOTS] = {
    let mut table = [(0, Token::Name); KEYWORD_SLOTS];
    let mut i = 0;
    while i < KEYWORDS.len() {
        let text = KEYWORDS[i].as_str().as_bytes();
        let mut word = [0; 8];
        let mut at = 0;
        while at < text.len() && at < 8 {
            word[at] = text[at];
            at += 1;
        }
        let word = u64::from_le_bytes(word);
        let slot = keyword_slot(word, text.len());
        assert!(matches!(table[slot].1, Token::Name), "two keywords share a slot");
        table[slot] = (word, KEYWORDS[i]);
        i += 1;
    }
    table
};

/// A perfect hash of the keywords.
const fn keyword_slot(word: u64, len: usize) -> usize {
    let (first, second) = (word as usize & 0xff, word as usize >> 8 & 0xff);
    (first + 4 * second + 6 * len) % KEYWORD_SLOTS
}

/// The keyword `text`, whose first eight bytes are `word`.
fn keyword(word: u64, text: &[u8]) -> Option<Token> {
    let (first_word, token) = KEYWORD_TABLE[keyword_slot(word, text.len())];
    let found = first_word == word && (text.len() <= 8 || token.as_str().as_bytes() == text);
    found.then_some(token)
}

const CACHE_SLOTS: usize = 1024;

/// The names seen last in this file, so that most names are found without a lock. One slot for each hash.
pub(super) struct NameCache([CachedName; CACHE_SLOTS]);

#[derive(Clone, Copy)]
struct CachedName {
    /// The first eight bytes.
    word: u64,
    start: u32,
    len: u32,
    symbol: Symbol,
}

impl NameCache {
    pub(super) fn new() -> Box<Self> {
        // No name is empty, so the first look at a slot misses.
        let empty = CachedName { word: 0, start: 0, len: 0, symbol: sym::BLANK };
        Box::new(Self([empty; CACHE_SLOTS]))
    }
}

impl Lexer<'_> {
    /// Up to eight bytes from `at`, filled up with zeros at the file's end.
    fn word(&self, at: usize) -> u64 {
        match self.src.get(at..at + 8) {
            Some(bytes) => u64::from_le_bytes(bytes.try_into().expect("eight bytes")),
            None => self.last_word(at),
        }
    }

    #[cold]
    fn last_word(&self, at: usize) -> u64 {
        let mut word = [0; 8];
        let rest = self.src.get(at..).unwrap_or_default();
        word[..rest.len()].copy_from_slice(rest);
        u64::from_le_bytes(word)
    }

    /// Reads an identifier or a keyword from a byte that can start one.
    pub(super) fn ident(&mut self) {
        let src = self.src;
        let read = |at: usize| {
            let word = self.word(at);
            let len = ident_prefix(word);
            let mask = if len == 8 { u64::MAX } else { (1 << (8 * len)) - 1 };
            (word & mask, len)
        };
        let (first, mut len) = read(self.start);
        let mut end = self.start + len;
        let mut state = hash_word(HASH_START, first);
        while len == 8 {
            let (word, more) = read(end);
            if more > 0 {
                state = hash_word(state, word);
            }
            end += more;
            len = more;
        }
        self.at = end;
        if self.peek() >= 0x80 || self.peek() == 0 && !self.at_end() {
            return self.unusual_ident();
        }
        let text = &src[self.start..end];
        if let Some(keyword) = keyword(first, text) {
            self.newline_is_semi = matches!(
                keyword,
                Token::Break | Token::Continue | Token::Fallthrough | Token::Return
            );
            self.tok = keyword;
            return;
        }
        self.closing(Token::Name);
        let hash = hash_end(state);
        let slot = &self.names.0[hash as usize % CACHE_SLOTS];
        if slot.word == first && slot.len as usize == text.len() {
            let start = slot.start as usize;
            if text.len() <= 8 || &src[start..start + text.len()] == text {
                self.symbol = slot.symbol;
                return;
            }
        }
        self.new_name(first, text, hash);
    }

    /// A name that was not seen lately.
    #[inline(never)]
    fn new_name(&mut self, word: u64, text: &[u8], hash: u32) {
        let name = str::from_utf8(text).expect("only called with ASCII");
        self.symbol = self.interner.intern_hashed(name, hash);
        self.names.0[hash as usize % CACHE_SLOTS] = CachedName {
            word,
            start: self.start as u32,
            len: text.len() as u32,
            symbol: self.symbol,
        };
    }

    /// The rest of an identifier with characters beyond ASCII, or with bytes that were reported already.
    #[cold]
    pub(super) fn unusual_ident(&mut self) {
        while !self.at_end() {
            if is_ident_start(self.peek()) || self.peek().is_ascii_digit() || self.peek() == 0 {
                self.at += 1;
            } else if self.peek() >= 0x80 {
                self.non_ascii_ident_char(false);
            } else {
                break;
            }
        }
        let text = String::from_utf8_lossy(&self.src[self.start..self.at]);
        self.symbol = self.interner.intern(&text);
        self.closing(Token::Name);
    }

    /// At a token's start and not at ASCII: goes over it and says whether it starts an identifier.
    ///
    /// As in Go's compiler everything does but broken bytes and byte order marks, if only to be complained of.
    #[cold]
    pub(super) fn non_ascii_start(&mut self) -> bool {
        self.non_ascii_ident_char(true)
    }

    fn non_ascii_ident_char(&mut self, first: bool) -> bool {
        let at = self.at;
        let Some((c, len)) = chars::decode(&self.src[at..]) else {
            self.at += 1;
            return false;
        };
        self.at += len;
        if c == '\u{feff}' {
            return false;
        }
        if chars::is_digit(c) {
            if first {
                let c = chars::describe(c);
                self.error_at(at, format!("identifier cannot begin with digit {c}"));
            }
        } else if !chars::is_letter(c) {
            let c = chars::describe(c);
            self.error_at(at, format!("invalid character {c} in identifier"));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, ident_prefix, is_ident_start, keyword};
    use crate::token::Token;

    fn first_word(text: &str) -> u64 {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        u64::from_le_bytes(word)
    }

    fn look_up(text: &str) -> Option<Token> {
        keyword(first_word(text), text.as_bytes())
    }

    #[test]
    fn keywords_are_recognised_and_nothing_else() {
        for token in KEYWORDS {
            assert_eq!(look_up(token.as_str()), Some(token));
        }
        for name in [
            "a",
            "brake",
            "breaks",
            "Func",
            "fun",
            "_",
            "interfaces",
            "interfacf",
            "continues",
            "gogo",
        ] {
            assert_eq!(look_up(name), None, "{name}");
        }
    }

    #[test]
    fn prefixes_of_identifier_bytes_are_measured() {
        for byte in 0..=u8::MAX {
            let is_ident = is_ident_start(byte) || byte.is_ascii_digit();
            for at in 0..8 {
                let mut bytes = *b"aZ0_9zA_";
                bytes[at] = byte;
                let expected = if is_ident { 8 } else { at };
                assert_eq!(ident_prefix(u64::from_le_bytes(bytes)), expected, "{byte:#x} at {at}");
            }
        }
    }
}
