//! Any bytes: the lexer ends, its tokens are in order and cover no byte twice, and every error has a position.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trigo_syntax::token::Token;
use trigo_syntax::{FileId, Interner, Lexer, Source};

fuzz_target!(|data: &[u8]| {
    let names = Interner::new();
    let source = Source::new(FileId(0), "fuzz.go", data);
    let mut lexer = Lexer::new(&source, &names);
    lexer.keep_comments();
    let mut end = 0;
    while lexer.next_token() != Token::Eof {
        let span = lexer.span();
        assert!(end <= span.start && span.end <= data.len());
        end = span.end;
    }
    assert!(lexer.diagnostics().iter().all(|error| error.pos.pos.offset() <= data.len()));
});
