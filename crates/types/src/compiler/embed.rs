//! `//go:embed`: its patterns, and the variables it may stand before (`noder.checkEmbed`, `staticdata/embed.go`).

use super::Compiler;
use super::directives::{text_pos, verb};
use crate::ids::TypeId;
use crate::types::{BasicKind, Type, info};
use crate::version::GoVersion;
use trigo_syntax::ast::{Decl, DeclKind, File};

/// Checks the text after `//go:embed`: words, or strings in double or back quotes.
///
/// # Errors
///
/// What is wrong, as Go's compiler says it.
pub(super) fn patterns(text: &str) -> Result<(), String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("usage: //go:embed pattern...".into());
    }
    while !rest.is_empty() {
        let end = pattern_end(rest)
            .filter(|&end| rest[end..].chars().next().is_none_or(char::is_whitespace))
            .ok_or_else(|| format!("invalid quoted string in //go:embed: {rest}"))?;
        rest = rest[end..].trim_start();
    }
    Ok(())
}

/// Where the first pattern ends; `None` if it is a string that is not closed or malformed.
fn pattern_end(text: &str) -> Option<usize> {
    match text.as_bytes()[0] {
        b'`' => text[1..].find('`').map(|at| at + 2),
        b'"' => {
            let mut escaped = false;
            let closing = text.char_indices().skip(1).find(|&(_, c)| {
                let found = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                found
            });
            let end = closing?.0 + 1;
            crate::constant::unquote(&text[..end]).map(|_| end)
        }
        _ => Some(text.find(char::is_whitespace).unwrap_or(text.len())),
    }
}

impl Compiler<'_> {
    /// Whether a variable declaration may have the embed directives before it.
    pub(super) fn embed_errors(&mut self, file: &File, decl: &Decl, in_function: bool) {
        let DeclKind::Var { names, ty, values } = decl.kind else { return };
        let mut directives = file[decl.directives].iter();
        let embeds =
            |d: &&trigo_syntax::ast::Directive| verb(file.directive_text(**d)) == "go:embed";
        let Some(&directive) = directives.find(embeds) else { return };
        let message = if !super::imports(file, "embed") {
            "go:embed requires import \"embed\" (or import _ \"embed\", if package is not used)"
                .into()
        } else if names.len() > 1 {
            "go:embed cannot apply to multiple vars".into()
        } else if !values.is_empty() {
            "go:embed cannot apply to var with initializer".into()
        } else if ty.is_none() {
            "go:embed cannot apply to var without type".into()
        } else if in_function {
            "go:embed cannot apply to var inside func".into()
        } else if !self.allows(16) {
            let lang = self.flags.lang.unwrap_or(GoVersion::CURRENT);
            format!("go:embed requires go1.16 or later (-lang was set to {lang}; check go.mod)")
        } else {
            match self.embedded_type(file, decl) {
                Some(t) => format!("go:embed cannot apply to var of type {}", self.show(t)),
                None => return,
            }
        };
        self.error(file, text_pos(directive), message);
    }

    /// The type of a variable into which nothing can be embedded; `None` if something can.
    fn embedded_type(&self, file: &File, decl: &Decl) -> Option<TypeId> {
        let DeclKind::Var { names, .. } = decl.kind else { return None };
        let at = self.files.iter().position(|f| f.id() == file.id())?;
        let name = file[names].first()?;
        let obj = self.checked.info.files.get(at)?.object(name.expr())?;
        let (s, t) = (self.store, self.store.obj_type(obj));
        let is_fs = s.as_named(t).is_some_and(|named| {
            let object = s.obj(named.obj);
            s.text(object.name) == "FS" && object.pkg.is_some_and(|p| &*s.pkg(p).path == "embed")
        });
        let is_bytes = match s.typ(s.under(t)) {
            Type::Slice(elem) => s.basic(*elem).is_some_and(|b| b.kind == BasicKind::Uint8),
            Type::Basic(b) => b.info & info::STRING != 0,
            _ => false,
        };
        (!is_fs && !is_bytes).then_some(t)
    }
}

#[cfg(test)]
mod tests {
    use super::patterns;

    #[test]
    fn patterns_are_words_or_strings() {
        for text in [" a.txt", " a b/*.txt", " \"a b\" `c d`", " \"\\\"\""] {
            assert_eq!(patterns(text), Ok(()), "{text}");
        }
        for text in ["", "  ", " \"a", " `a", " \"a\"b", " \"\\q\""] {
            assert!(patterns(text).is_err(), "{text}");
        }
    }
}
