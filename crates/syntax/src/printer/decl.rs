//! Files and declarations.

use super::{Form, Printer};
use crate::ast::{Decl, DeclId, DeclKind, Directive, ExprKind, File, List};

impl Printer<'_> {
    pub(super) fn file(&mut self, file: &File) {
        let nodes = self.tree.nodes;
        self.directives(file.directives);
        let Some(package) = file.package else { return };
        self.text("package ");
        self.expr(package.expr());
        self.text("\n");
        self.decl_groups(&nodes[file.decls], |p| p.text("\n"));
    }

    /// The declarations of a statement; an empty group has lost its keyword, and any will do.
    pub(super) fn local_decls(&mut self, decls: &[DeclId]) {
        if decls.is_empty() {
            self.text("var ()");
        }
        self.decl_groups(decls, |_| {});
    }

    fn decl_groups(&mut self, decls: &[DeclId], mut around: impl FnMut(&mut Self)) {
        let nodes = self.tree.nodes;
        let together = |a: &DeclId, b: &DeclId| {
            nodes[*a].group.is_some() && nodes[*a].group == nodes[*b].group
        };
        for group in decls.chunk_by(together) {
            around(self);
            let first = &nodes[group[0]];
            if first.group.is_none() {
                self.directives(first.directives);
                self.text(keyword(first));
                self.text(" ");
                self.spec(group[0]);
            } else {
                self.text(keyword(first));
                self.text(" (");
                self.indent += 1;
                for &decl in group {
                    self.line();
                    self.directives(nodes[decl].directives);
                    self.spec(decl);
                }
                self.indent -= 1;
                self.line();
                self.text(")");
            }
            around(self);
        }
    }

    /// Each directive on a line of its own.
    fn directives(&mut self, list: List<Directive>) {
        if self.form == Form::Short {
            return;
        }
        let nodes = self.tree.nodes;
        for directive in &nodes.directives[list.range()] {
            let len = directive.end.0 - directive.pos.0;
            self.text(self.tree.source(directive.pos, len).trim_end_matches('\r'));
            self.line();
        }
    }

    fn spec(&mut self, decl: DeclId) {
        let nodes = self.tree.nodes;
        match nodes[decl].kind {
            DeclKind::Import { name, path } => {
                if let Some(name) = name {
                    self.expr(name.expr());
                    self.text(" ");
                }
                path.into_iter().for_each(|path| self.expr(path));
            }
            DeclKind::Const { names, ty, values } | DeclKind::Var { names, ty, values } => {
                self.idents(names);
                if let Some(ty) = ty {
                    self.text(" ");
                    self.expr(ty);
                }
                if !values.is_empty() {
                    self.text(" = ");
                    self.exprs(values);
                }
            }
            DeclKind::Type { name, type_params, alias, ty } => {
                self.expr(name.expr());
                self.type_params(type_params);
                self.text(if alias { " = " } else { " " });
                self.expr(ty);
            }
            DeclKind::Func { recv, name, type_params, ty, body } => {
                if !recv.is_empty() {
                    self.text("(");
                    self.fields(&nodes[recv]);
                    self.text(") ");
                }
                self.expr(name.expr());
                self.type_params(type_params);
                if let ExprKind::Func { params, results } = nodes[ty].kind {
                    self.signature(params, results);
                }
                if let Some(body) = body {
                    self.text(" ");
                    self.block(body);
                }
            }
        }
    }
}

fn keyword(decl: &Decl) -> &'static str {
    match decl.kind {
        DeclKind::Import { .. } => "import",
        DeclKind::Const { .. } => "const",
        DeclKind::Type { .. } => "type",
        DeclKind::Var { .. } => "var",
        DeclKind::Func { .. } => "func",
    }
}
