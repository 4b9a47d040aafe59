//! Directives: what is wrong with one by itself, and with the declaration it stands before (`noder/noder.go`,
//! `noder/writer.go`).

use super::pragma::{ALLOWED_IN_STD, Pragmas, RUNTIME};
use super::{Compiler, embed};
use trigo_syntax::Pos;
use trigo_syntax::ast::{Decl, DeclId, DeclKind, Directive, File, List};

const MISPLACED: &str = "misplaced compiler directive";

impl Compiler<'_> {
    /// What each directive says by itself, and those that belong to no declaration.
    pub(super) fn directive_errors(&mut self) {
        for file in self.files.clone() {
            for &directive in file.all_directives() {
                self.directive(file, directive);
            }
        }
    }

    fn directive(&mut self, file: &File, directive: Directive) {
        let pos = text_pos(directive);
        let text = file.directive_text(directive);
        let verb = verb(text);
        if !directive.alone {
            return self.error(file, pos, MISPLACED);
        }
        match verb {
            "go:linkname" | "go:linknamestd" => self.linkname_usage(file, pos, text),
            "go:embed" => {
                if let Err(message) = embed::patterns(&text["go:embed".len()..]) {
                    self.error(file, pos, message);
                } else if !directive.attached {
                    self.error(file, pos, "misplaced go:embed directive");
                }
            }
            "go:wasmimport" if fields(text) != 3 => {
                self.error(file, pos, "usage: //go:wasmimport importmodule importname");
            }
            "go:wasmexport" if fields(text) != 2 => {
                self.error(file, pos, "usage: //go:wasmexport exportname");
            }
            // They mean something on wasm only.
            "go:wasmimport" | "go:wasmexport" => {}
            _ => self.plain_directive(file, directive, text),
        }
    }

    fn plain_directive(&mut self, file: &File, directive: Directive, text: &str) {
        let (pos, verb) = (text_pos(directive), verb(text));
        if verb.starts_with("go:cgo_") {
            self.cgo_directive(file, pos, text);
        }
        let flag = Pragmas::of(verb);
        let path = &*self.store.pkg(self.checked.pkg).path;
        if flag.overlaps(Pragmas::OF_RUNTIME) && !(self.flags.standard && RUNTIME.contains(&path)) {
            self.error(file, pos, format!("//{verb} only allowed in runtime"));
        }
        if flag == Pragmas::KEEPALIVE && !self.flags.standard {
            self.error(file, pos, format!("//{verb} is only allowed in the standard library"));
        }
        if flag.is_empty() && self.flags.standard && !ALLOWED_IN_STD.contains(&verb) {
            self.error(file, pos, format!("//{verb} is not allowed in the standard library"));
        }
        if !directive.attached && !flag.is_empty() {
            self.error(file, pos, MISPLACED);
        }
    }

    /// Directives of cgo are for the files it generates: they could pass anything to a linker.
    fn cgo_directive(&mut self, file: &File, pos: Pos, text: &str) {
        let (verb, fields) = (verb(text), quoted_fields(text));
        let plain = |i: usize| !fields[i].starts_with('"');
        let dynamic = verb == "go:cgo_import_dynamic" && fields.len() >= 4;
        let generated = file.name().rsplit('/').next().is_some_and(|n| n.starts_with("_cgo_"));
        if dynamic {
            let library = fields[3].trim_matches('"');
            if !library.is_empty() && !is_safe(library) && !generated {
                let what =
                    format!("invalid library name {library:?} in cgo_import_dynamic directive");
                self.error(file, pos, what);
            }
        } else if !generated && !self.flags.standard {
            self.error(file, pos, format!("//{text} only allowed in cgo-generated code"));
        }
        let usage = match verb {
            "go:cgo_export_static" | "go:cgo_export_dynamic" => (!matches!(fields.len(), 2 | 3)
                || !(1..fields.len()).all(plain))
            .then(|| format!("usage: //{verb} local [remote]")),
            "go:cgo_import_dynamic" => {
                let fine = match fields.len() {
                    2 | 3 => (1..fields.len()).all(plain),
                    4 => plain(1) && plain(2) && !plain(3),
                    _ => false,
                };
                (!fine).then(|| format!("usage: //{verb} local [remote [\"library\"]]"))
            }
            "go:cgo_import_static" => {
                (fields.len() != 2 || !plain(1)).then(|| format!("usage: //{verb} local"))
            }
            "go:cgo_dynamic_linker" => {
                (fields.len() != 2 || plain(1)).then(|| format!("usage: //{verb} \"path\""))
            }
            "go:cgo_ldflag" => {
                (fields.len() != 2 || plain(1)).then(|| format!("usage: //{verb} \"arg\""))
            }
            _ => None,
        };
        if let Some(usage) = usage {
            self.error(file, pos, usage);
        }
    }

    /// Directives and the declarations they belong to.
    pub(super) fn declaration_errors(&mut self) {
        let linked = self.linknames();
        for file in self.files.clone() {
            self.misplaced(file, file.directives, Pragmas::BUILD, false);
            let top = &file[file.decls];
            for id in (0..file.decl_count()).map(DeclId::from_index) {
                let decl = &file[id];
                match decl.kind {
                    DeclKind::Var { .. } => {
                        self.misplaced(file, decl.directives, Pragmas::default(), true);
                        self.embed_errors(file, decl, !top.contains(&id));
                    }
                    DeclKind::Func { .. } => {
                        self.misplaced(file, decl.directives, Pragmas::OF_FUNCTIONS, false);
                        self.function(file, decl, &linked);
                    }
                    _ => self.misplaced(file, decl.directives, Pragmas::default(), false),
                }
            }
        }
    }

    fn misplaced(&mut self, file: &File, list: List<Directive>, allowed: Pragmas, embed: bool) {
        for &directive in file[list].iter().filter(|directive| directive.alone) {
            let verb = verb(file.directive_text(directive));
            if !Pragmas::of(verb).is_within(allowed) {
                self.error(file, text_pos(directive), MISPLACED);
            }
            if verb == "go:embed" && !embed {
                self.error(file, text_pos(directive), "misplaced go:embed directive");
            }
        }
    }

    fn function(&mut self, file: &File, decl: &Decl, linked: &[crate::ids::ObjId]) {
        let DeclKind::Func { name, body, .. } = decl.kind else { return };
        let mut pragmas = Pragmas::default();
        for &directive in &file[decl.directives] {
            pragmas.add(Pragmas::of(verb(file.directive_text(directive))));
        }
        let mut error = |text: &str| self.error(file, decl.pos, text);
        if pragmas.overlaps(Pragmas::SYSTEMSTACK) && pragmas.overlaps(Pragmas::NOSPLIT) {
            error("go:nosplit and go:systemstack cannot be combined");
        }
        if body.is_some() {
            if pragmas.overlaps(Pragmas::NOESCAPE) {
                error("can only use //go:noescape with external func implementations");
            }
            let keeps = pragmas.overlaps(Pragmas::KEEPALIVE) && !pragmas.overlaps(Pragmas::ESCAPES);
            if keeps && !pragmas.overlaps(Pragmas::NOSPLIT) {
                error("go:uintptrkeepalive requires go:nosplit");
            }
        } else if self.flags.complete || self.store.text(file.symbol(name)) == "init" {
            let at = self.files.iter().position(|f| f.id() == file.id());
            let info = at.and_then(|i| self.checked.info.files.get(i));
            let obj = info.and_then(|info| info.object(name.expr()));
            if !obj.is_some_and(|obj| linked.contains(&obj)) {
                self.error(file, decl.pos, "missing function body");
            }
        }
    }
}

/// Where a directive's text starts, after its slashes.
pub(super) fn text_pos(directive: Directive) -> Pos {
    Pos(directive.pos.0 + 2)
}

/// A directive's first word.
pub(super) fn verb(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}

fn fields(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The words of a directive, where what stands in double quotes is one word. A quote that is not closed ends the list.
fn quoted_fields(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"') {
            Some(inner) => match inner.find('"') {
                Some(end) => end + 2,
                None => break,
            },
            None => rest.find(|c: char| c.is_ascii_whitespace() || c == '"').unwrap_or(rest.len()),
        };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}

/// Whether a library's name cannot be taken for an option.
fn is_safe(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric() || "._/".contains(c) || !c.is_ascii())
}
