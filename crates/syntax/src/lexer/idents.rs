//! Identifiers and keywords.

use super::{Lexer, chars};
use crate::intern::{Symbol, hash, sym};
use crate::token::Token;

/// Whether `byte` can be in an identifier as it is: ASCII letters, digits and `_`.
pub(super) fn is_ident_byte(byte: u8) -> bool {
    IDENT_BYTES[usize::from(byte)]
}

const IDENT_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8;
        table[byte] = c.is_ascii_alphanumeric() || c == b'_';
        byte += 1;
    }
    table
};

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

/// Keywords by [`keyword_slot`], which is different for each of them.
const KEYWORD_TABLE: [Option<Token>; KEYWORD_SLOTS] = {
    let mut table = [None; KEYWORD_SLOTS];
    let mut i = 0;
    while i < KEYWORDS.len() {
        let slot = keyword_slot(KEYWORDS[i].as_str().as_bytes());
        assert!(table[slot].is_none(), "two keywords share a slot");
        table[slot] = Some(KEYWORDS[i]);
        i += 1;
    }
    table
};

/// A perfect hash of the keywords. `text` has at least two bytes.
const fn keyword_slot(text: &[u8]) -> usize {
    let (first, second) = (text[0] as usize, text[1] as usize);
    (first + 4 * second + 6 * text.len()) % KEYWORD_SLOTS
}

fn keyword(text: &[u8]) -> Option<Token> {
    if !(2..=11).contains(&text.len()) {
        return None;
    }
    let token = KEYWORD_TABLE[keyword_slot(text)]?;
    (token.as_str().as_bytes() == text).then_some(token)
}

const CACHE_SLOTS: usize = 1024;

/// The names seen last in this file, so that most names are found without a lock. One slot for each hash.
pub(super) struct NameCache([CachedName; CACHE_SLOTS]);

#[derive(Clone, Copy)]
struct CachedName {
    hash: u32,
    start: u32,
    len: u32,
    symbol: Symbol,
}

impl NameCache {
    pub(super) fn new() -> Box<Self> {
        // No name is empty, so the first look at a slot misses.
        let empty = CachedName {
            hash: 0,
            start: 0,
            len: 0,
            symbol: sym::BLANK,
        };
        Box::new(Self([empty; CACHE_SLOTS]))
    }
}

impl Lexer<'_> {
    /// Reads an identifier or a keyword from a byte that can start one.
    pub(super) fn ident(&mut self) {
        while is_ident_byte(self.peek()) {
            self.at += 1;
        }
        if self.peek() >= 0x80 || self.peek() == 0 && !self.at_end() {
            return self.unusual_ident();
        }
        let src = self.src;
        let text = &src[self.start..self.at];
        if let Some(keyword) = keyword(text) {
            self.newline_is_semi =
                matches!(keyword, Token::Break | Token::Continue | Token::Fallthrough | Token::Return);
            self.tok = keyword;
            return;
        }
        self.symbol = self.lookup(text);
        self.closing(Token::Name);
    }

    fn lookup(&mut self, text: &[u8]) -> Symbol {
        let hash = hash(text);
        let slot = &mut self.names.0[hash as usize % CACHE_SLOTS];
        if slot.hash == hash && slot.len as usize == text.len() {
            let start = slot.start as usize;
            if &self.src[start..start + text.len()] == text {
                return slot.symbol;
            }
        }
        let name = str::from_utf8(text).expect("only called with ASCII");
        *slot = CachedName {
            hash,
            start: self.start as u32,
            len: text.len() as u32,
            symbol: self.interner.intern_hashed(name, hash),
        };
        slot.symbol
    }

    /// The rest of an identifier with characters beyond ASCII, or with bytes that were reported already.
    #[cold]
    fn unusual_ident(&mut self) {
        while !self.at_end() {
            if is_ident_byte(self.peek()) || self.peek() == 0 {
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
    use super::{KEYWORDS, keyword};

    #[test]
    fn keywords_are_recognised_and_nothing_else() {
        for token in KEYWORDS {
            assert_eq!(keyword(token.as_str().as_bytes()), Some(token));
        }
        for name in ["a", "brake", "breaks", "Func", "fun", "_", "interfaces", "gogo"] {
            assert_eq!(keyword(name.as_bytes()), None, "{name}");
        }
    }
}
