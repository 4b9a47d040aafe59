//! Complaining, and getting back into step.

use super::Parser;
use crate::diagnostic::Diagnostic;
use crate::pos::Pos;
use crate::token::Token;

/// A token as messages name it.
pub(super) fn describe(tok: Token) -> String {
    match tok {
        Token::Comma => "comma".into(),
        Token::Semi => "semicolon or newline".into(),
        tok if tok.is_keyword() => format!("keyword {tok}"),
        tok => tok.as_str().into(),
    }
}

/// Whether `tok` is a keyword that starts a statement: a good place to go on after an error.
fn starts_statement(tok: Token) -> bool {
    matches!(
        tok,
        Token::Break
            | Token::Const
            | Token::Continue
            | Token::Defer
            | Token::Fallthrough
            | Token::For
            | Token::Go
            | Token::Goto
            | Token::If
            | Token::Return
            | Token::Select
            | Token::Switch
            | Token::Type
            | Token::Var
    )
}

impl Parser<'_> {
    /// Skips a token, if there is one.
    pub(super) fn skip_one(&mut self) {
        if self.tok() != Token::Eof {
            self.next();
        }
    }

    /// Skips up to one of `follow`, or inside a function up to a keyword that starts a statement.
    pub(super) fn advance(&mut self, follow: &[Token]) {
        let in_function = self.function_depth > 0;
        while self.tok() != Token::Eof
            && !follow.contains(&self.tok())
            && !(in_function && starts_statement(self.tok()))
        {
            self.next();
        }
    }

    pub(super) fn error_at(&mut self, pos: Pos, message: impl Into<Box<str>>) {
        if !self.gave_up {
            let file = self.lex.source.id;
            self.lex.diagnostics.push(Diagnostic::new(file, pos, message));
        }
    }

    pub(super) fn error(&mut self, message: &str) {
        self.error_at(self.pos(), message);
    }

    pub(super) fn syntax_error(&mut self, message: &str) {
        self.syntax_error_at(self.pos(), message);
    }

    /// Reports a syntax error. A message that goes on from what was found (`in …`, `at …`, `after …`, `expected …`)
    /// gets the current token in front.
    #[cold]
    pub(super) fn syntax_error_at(&mut self, pos: Pos, message: &str) {
        if self.tok() == Token::Eof && self.error_count() > 0 {
            return; // At the end there is little to say that was not said already.
        }
        let joint = match message.split(' ').next() {
            Some("in" | "at" | "after") => " ",
            Some("expected") => ", ",
            _ => return self.error_at(pos, format!("syntax error: {message}")),
        };
        let found = self.found();
        self.error_at(pos, format!("syntax error: unexpected {found}{joint}{message}"));
    }

    /// The current token as it stands there.
    fn found(&self) -> String {
        let op = self.lex.op.as_str();
        match self.tok() {
            Token::Name => format!("name {}", self.lex.interner.text(self.lex.symbol)),
            Token::Semi => self.lex.semi.as_str().into(),
            Token::Literal => {
                let text = &self.lex.src[self.lex.span()];
                format!("literal {}", String::from_utf8_lossy(text))
            }
            Token::Operator => op.into(),
            Token::AssignOp => format!("{op}="),
            Token::IncOp => format!("{op}{op}"),
            tok => describe(tok),
        }
    }
}
