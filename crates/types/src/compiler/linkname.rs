//! `//go:linkname` and `//go:linknamestd` (`noder.pkgWriter.collectDecls`).

use super::Compiler;
use super::directives::{text_pos, verb};
use crate::ids::ObjId;
use crate::object::ObjKind;
use trigo_syntax::Pos;
use trigo_syntax::ast::File;

impl Compiler<'_> {
    pub(super) fn linkname_usage(&mut self, file: &File, pos: Pos, text: &str) {
        if !matches!(text.split_whitespace().count(), 2 | 3) {
            self.error(file, pos, format!("usage: //{} localname [linkname]", verb(text)));
        }
    }

    /// Reports what is wrong with linknames; gives the functions and variables that have one.
    pub(super) fn linknames(&mut self) -> Vec<ObjId> {
        let mut linked = Vec::new();
        for file in self.files.clone() {
            for &directive in file.all_directives().iter().filter(|directive| directive.alone) {
                let text = file.directive_text(directive);
                let verb = verb(text);
                if !matches!(verb, "go:linkname" | "go:linknamestd") {
                    continue;
                }
                let mut words = text.split_whitespace().skip(1);
                let Some(local) = words.next() else { continue };
                let remote = words.next().unwrap_or("");
                let pos = text_pos(directive);
                if !super::imports(file, "unsafe") {
                    let what = format!("//{verb} only allowed in Go files that import \"unsafe\"");
                    self.error(file, pos, what);
                } else if remote.contains('[') && remote.contains(']') {
                    let what = format!("//{verb} reference of an instantiation is not allowed");
                    self.error(file, pos, what);
                } else if let Some(obj) = self.function_or_variable(local) {
                    if linked.contains(&obj) {
                        self.error(file, pos, format!("duplicate //{verb} for {local}"));
                    }
                    linked.push(obj);
                } else if self.allows(18) {
                    let what = format!("//{verb} must refer to declared function or variable");
                    self.error(file, pos, what);
                }
            }
        }
        linked
    }

    fn function_or_variable(&self, name: &str) -> Option<ObjId> {
        let symbol = self.store.interner().intern(name);
        let obj = self.store.pkg(self.checked.pkg).lookup(symbol)?;
        matches!(self.store.obj(obj).kind, ObjKind::Func(_) | ObjKind::Var(_)).then_some(obj)
    }
}
