//! Build constraints: the expression of a `//go:build` line and the older `// +build` lines.
//!
//! The grammar and its messages follow Go's `go help buildconstraint` and the documentation of
//! package `go/build/constraint`: tags joined by `&&`, `||`, `!` and parentheses. An expression
//! holds at most [`MAX_TERMS`] terms, and parentheses nest at most [`MAX_NESTING`] deep, so that
//! hostile text cannot exhaust the stack.

use serde::{Deserialize, Serialize};

use crate::version::GoVersion;

/// The most terms an expression may have.
pub const MAX_TERMS: usize = 1000;

/// The deepest that parentheses may nest.
pub const MAX_NESTING: usize = 200;

/// A build constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expr {
    /// True where the tag is set.
    Tag(String),
    /// True where the operand is not.
    Not(Box<Expr>),
    /// True where both are.
    And(Box<Expr>, Box<Expr>),
    /// True where one is.
    Or(Box<Expr>, Box<Expr>),
}

impl Expr {
    /// Reads the text behind `//go:build`.
    ///
    /// # Errors
    /// What is wrong with the text, in Go's words.
    pub fn parse(text: &str) -> Result<Expr, String> {
        let mut parser = Parser { rest: text, token: Token::End, terms: 0, nesting: 0 };
        parser.next()?;
        let expr = parser.or()?;
        match parser.token {
            Token::End => Ok(expr),
            token => Err(format!("unexpected token {}", token.text())),
        }
    }

    /// Reads the words behind `// +build`: spaces separate alternatives, commas join what must
    /// hold together. None if a word is no tag; such a line is no constraint.
    pub fn parse_plus_build(text: &str) -> Option<Expr> {
        let mut line: Option<Expr> = None;
        for clause in text.split_whitespace() {
            let mut all: Option<Expr> = None;
            for word in clause.split(',') {
                let (negated, tag) = match word.strip_prefix('!') {
                    Some(tag) => (true, tag),
                    None => (false, word),
                };
                if tag.is_empty() || !tag.chars().all(is_tag_char) {
                    return None;
                }
                let tag = Expr::Tag(tag.to_string());
                let term = if negated { Expr::Not(tag.into()) } else { tag };
                all = Some(match all {
                    Some(left) => Expr::And(left.into(), term.into()),
                    None => term,
                });
            }
            line = match (line, all) {
                (Some(left), Some(right)) => Some(Expr::Or(left.into(), right.into())),
                (left, right) => left.or(right),
            };
        }
        line
    }

    /// Whether the constraint holds where exactly the tags accepted by `is_set` are set.
    pub fn eval(&self, is_set: &impl Fn(&str) -> bool) -> bool {
        match self {
            Expr::Tag(tag) => is_set(tag),
            Expr::Not(x) => !x.eval(is_set),
            Expr::And(x, y) => x.eval(is_set) && y.eval(is_set),
            Expr::Or(x, y) => x.eval(is_set) || y.eval(is_set),
        }
    }

    /// The least language version the constraint implies by its `go1.N` tags, taking every tag to
    /// be independent of the others. None if it can hold without such a tag.
    pub fn go_version(&self) -> Option<GoVersion> {
        self.least_minor(true).map(GoVersion::language)
    }

    /// The least N implied by this expression, or by its negation.
    fn least_minor(&self, holds: bool) -> Option<u32> {
        match (self, holds) {
            (Expr::Tag(tag), true) if tag == "go1" => Some(0),
            (Expr::Tag(tag), true) => tag.strip_prefix("go1.")?.parse().ok(),
            (Expr::Tag(_), false) => None,
            (Expr::Not(x), _) => x.least_minor(!holds),
            (Expr::And(x, y), true) | (Expr::Or(x, y), false) => {
                x.least_minor(holds).max(y.least_minor(holds))
            }
            (Expr::And(x, y), false) | (Expr::Or(x, y), true) => {
                x.least_minor(holds).min(y.least_minor(holds))
            }
        }
    }
}

fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    End,
    Tag(&'a str),
    Open,
    Close,
    Not,
    And,
    Or,
}

impl<'a> Token<'a> {
    fn text(self) -> &'a str {
        match self {
            Token::End => "end of expression",
            Token::Tag(tag) => tag,
            Token::Open => "(",
            Token::Close => ")",
            Token::Not => "!",
            Token::And => "&&",
            Token::Or => "||",
        }
    }
}

/// Recursive descent, one function for each level of binding.
struct Parser<'a> {
    rest: &'a str,
    token: Token<'a>,
    terms: usize,
    nesting: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expr, String> {
        let mut left = self.and()?;
        while self.token == Token::Or {
            self.next()?;
            left = Expr::Or(left.into(), self.and()?.into());
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut left = self.not()?;
        while self.token == Token::And {
            self.next()?;
            left = Expr::And(left.into(), self.not()?.into());
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, String> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err("build expression too large".to_string());
        }
        if self.token != Token::Not {
            return self.atom();
        }
        self.next()?;
        if self.token == Token::Not {
            return Err("double negation not allowed".to_string());
        }
        Ok(Expr::Not(self.atom()?.into()))
    }

    fn atom(&mut self) -> Result<Expr, String> {
        match self.token {
            Token::Tag(tag) => {
                let expr = Expr::Tag(tag.to_string());
                self.next()?;
                Ok(expr)
            }
            Token::Open => {
                self.next()?;
                self.nesting += 1;
                if self.nesting > MAX_NESTING {
                    return Err("build expression too large".to_string());
                }
                let expr = self.or()?;
                self.nesting -= 1;
                if self.token != Token::Close {
                    return Err("missing close paren".to_string());
                }
                self.next()?;
                Ok(expr)
            }
            Token::End => Err("unexpected end of expression".to_string()),
            token => Err(format!("unexpected token {}", token.text())),
        }
    }

    fn next(&mut self) -> Result<(), String> {
        let text = self.rest.trim_start_matches([' ', '\t']);
        let invalid = |c: char| Err(format!("invalid syntax at {c}"));
        let (token, len) = match text.chars().next() {
            None => (Token::End, 0),
            Some('(') => (Token::Open, 1),
            Some(')') => (Token::Close, 1),
            Some('!') => (Token::Not, 1),
            Some('&') if text.starts_with("&&") => (Token::And, 2),
            Some('|') if text.starts_with("||") => (Token::Or, 2),
            Some(c) => {
                let len = text.find(|c| !is_tag_char(c)).unwrap_or(text.len());
                if len == 0 {
                    return invalid(c);
                }
                (Token::Tag(&text[..len]), len)
            }
        };
        self.token = token;
        self.rest = &text[len..];
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, set: &[&str]) -> bool {
        Expr::parse(text).unwrap().eval(&|tag| set.contains(&tag))
    }

    #[test]
    fn evaluates_by_binding() {
        assert!(holds("a || b && c", &["a"]));
        assert!(!holds("(a || b) && c", &["a"]));
        assert!(holds("!a && !(b || c)", &[]));
        assert!(!holds("!a\t&&!b", &["b"]));
        assert!(holds("go1.21 && linux", &["go1.21", "linux"]));
    }

    #[test]
    fn names_what_is_wrong() {
        let error = |text: &str| Expr::parse(text).unwrap_err();
        assert_eq!(error(""), "unexpected end of expression");
        assert_eq!(error("a b"), "unexpected token b");
        assert_eq!(error("!!a"), "double negation not allowed");
        assert_eq!(error("(a"), "missing close paren");
        assert_eq!(error("a &"), "invalid syntax at &");
        assert_eq!(error("a && )"), "unexpected token )");
        assert_eq!(error(&"(".repeat(5000)), "build expression too large");
        assert_eq!(error(&["a"; 5000].join("&&")), "build expression too large");
    }

    #[test]
    fn implies_versions() {
        let version = |text| {
            let version = Expr::parse(text).unwrap().go_version();
            version.map(|v| v.to_string())
        };
        assert_eq!(version("linux && go1.22").as_deref(), Some("1.22"));
        assert_eq!(version("(a && go1.22) || (b && go1.20)").as_deref(), Some("1.20"));
        assert_eq!(version("linux || go1.22"), None);
        assert_eq!(version("!go1.22"), None);
        assert_eq!(version("!(a || !go1.18)").as_deref(), Some("1.18"));
        assert_eq!(version("go1").as_deref(), Some("1.0"));
    }

    #[test]
    fn reads_plus_build() {
        let holds = |text, set: &[&str]| {
            Expr::parse_plus_build(text).unwrap().eval(&|tag| set.contains(&tag))
        };
        assert!(holds("a,!b c", &["a"]));
        assert!(!holds("a,!b c", &["a", "b"]));
        assert!(holds("a,!b c", &["c", "b"]));
        assert_eq!(Expr::parse_plus_build("a,!!b"), None);
    }
}
