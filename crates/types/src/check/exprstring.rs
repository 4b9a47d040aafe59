//! Expressions as messages show them: on one line, with function bodies and
//! the elements of composite literals left out.

use super::Checker;
use trigo_syntax::ast::{ChanDir, ExprId, ExprKind, Field, File, IdentId};

struct Printer<'p, 'a> {
    c: &'p Checker<'a>,
    file: &'a File,
    out: String,
}

impl<'a> Checker<'a> {
    /// An expression as text.
    pub(super) fn es(&self, e: ExprId) -> String {
        let mut p = Printer { c: self, file: self.file(), out: String::new() };
        p.expr(e);
        p.out
    }

    /// An identifier as text.
    pub(super) fn ident_text(&self, ident: IdentId) -> &'a str {
        self.s.text(self.file().symbol(ident))
    }
}

impl Printer<'_, '_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn list(&mut self, list: &[ExprId]) {
        for (i, &e) in list.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.expr(e);
        }
    }

    fn expr(&mut self, e: ExprId) {
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.node(e));
    }

    fn node(&mut self, e: ExprId) {
        let file = self.file;
        match file[e].kind {
            ExprKind::Bad => self.put("<bad expr>"),
            ExprKind::Name(symbol) => self.put(self.c.s.text(symbol)),
            ExprKind::Literal { .. } => self.put(file.literal(e)),
            ExprKind::Composite { ty, elems, .. } => {
                if let Some(ty) = ty {
                    self.expr(ty);
                }
                self.put(if elems.is_empty() { "{}" } else { "{…}" });
            }
            ExprKind::KeyValue { key, value } => {
                self.expr(key);
                self.put(": ");
                self.expr(value);
            }
            ExprKind::FuncLit { ty, body } => {
                self.expr(ty);
                self.put(if file[body].stmts.is_empty() { " {}" } else { " {…}" });
            }
            ExprKind::Paren(x) => {
                self.put("(");
                self.expr(x);
                self.put(")");
            }
            ExprKind::Selector { x, sel } => {
                self.expr(x);
                self.put(".");
                self.put(self.c.ident_text(sel));
            }
            ExprKind::Index { x, args, .. } => {
                self.expr(x);
                self.put("[");
                self.list(&file[args]);
                self.put("]");
            }
            ExprKind::Slice { x, lo, hi, max, .. } => {
                self.expr(x);
                self.put("[");
                lo.into_iter().for_each(|e| self.expr(e));
                self.put(":");
                hi.into_iter().for_each(|e| self.expr(e));
                if let Some(max) = max {
                    self.put(":");
                    self.expr(max);
                }
                self.put("]");
            }
            ExprKind::Assert { x, ty } => {
                self.expr(x);
                self.put(".(");
                self.expr(ty);
                self.put(")");
            }
            ExprKind::TypeSwitchGuard { lhs, x } => {
                if let Some(lhs) = lhs {
                    self.put(self.c.ident_text(lhs));
                    self.put(" := ");
                }
                self.expr(x);
                self.put(".(type)");
            }
            ExprKind::Unary { op, x } => {
                self.put(op.as_str());
                self.expr(x);
            }
            ExprKind::Binary { op, x, y } => {
                self.expr(x);
                self.put(" ");
                self.put(op.as_str());
                self.put(" ");
                self.expr(y);
            }
            ExprKind::Call { fun, args, spread, .. } => {
                self.expr(fun);
                self.put("(");
                self.list(&file[args]);
                self.put(if spread { "...)" } else { ")" });
            }
            _ => self.type_literal(e),
        }
    }

    fn type_literal(&mut self, e: ExprId) {
        let file = self.file;
        match file[e].kind {
            ExprKind::Array { len, elem } => {
                self.put("[");
                match len {
                    Some(len) => self.expr(len),
                    None => self.put("..."),
                }
                self.put("]");
                self.expr(elem);
            }
            ExprKind::SliceType { elem } => {
                self.put("[]");
                self.expr(elem);
            }
            ExprKind::Variadic { elem } => {
                self.put("...");
                self.expr(elem);
            }
            ExprKind::Struct { fields, .. } => {
                self.put("struct{");
                self.fields(&file[fields], "; ", true);
                self.put("}");
            }
            ExprKind::Interface { elems, .. } => {
                self.put("interface{");
                for (i, f) in file[elems].iter().enumerate() {
                    if i > 0 {
                        self.put("; ");
                    }
                    match f.name {
                        Some(name) => {
                            self.put(self.c.ident_text(name));
                            self.signature(f.ty);
                        }
                        None => self.expr(f.ty),
                    }
                }
                self.put("}");
            }
            ExprKind::Func { .. } => {
                self.put("func");
                self.signature(e);
            }
            ExprKind::Map { key, value } => {
                self.put("map[");
                self.expr(key);
                self.put("]");
                self.expr(value);
            }
            ExprKind::Chan { dir, elem } => {
                self.put(match dir {
                    ChanDir::Both => "chan ",
                    ChanDir::Send => "chan<- ",
                    ChanDir::Recv => "<-chan ",
                });
                let inner_recv =
                    matches!(file[elem].kind, ExprKind::Chan { dir: ChanDir::Recv, .. });
                if dir == ChanDir::Both && inner_recv {
                    self.put("(");
                    self.expr(elem);
                    self.put(")");
                } else {
                    self.expr(elem);
                }
            }
            _ => {}
        }
    }

    /// Fields, with names that share a type written together.
    fn fields(&mut self, fields: &[Field], separator: &str, tags: bool) {
        for (i, f) in fields.iter().enumerate() {
            if let Some(name) = f.name {
                self.put(self.c.ident_text(name));
                if fields.get(i + 1).is_some_and(|g| g.ty == f.ty && g.name.is_some()) {
                    self.put(", ");
                    continue;
                }
                self.put(" ");
            }
            self.expr(f.ty);
            if let (true, Some(tag)) = (tags, f.tag) {
                self.put(" ");
                self.expr(tag);
            }
            if i + 1 < fields.len() {
                self.put(separator);
            }
        }
    }

    fn signature(&mut self, e: ExprId) {
        let file = self.file;
        let ExprKind::Func { params, results } = file[e].kind else {
            return;
        };
        self.put("(");
        self.fields(&file[params], ", ", false);
        self.put(")");
        match &file[results] {
            [] => {}
            [single] if single.name.is_none() => {
                self.put(" ");
                self.expr(single.ty);
            }
            list => {
                self.put(" (");
                self.fields(list, ", ", false);
                self.put(")");
            }
        }
    }
}
