//! Expressions and types.

use super::{Form, Printer, would_join};
use crate::ast::{BlockId, ChanDir, ExprId, ExprKind, Field, IdentId, List};
use crate::token::Op;

impl Printer<'_> {
    pub(super) fn exprs(&mut self, list: List<ExprId>) {
        let nodes = self.tree.nodes;
        self.separated(&nodes[list], ", ", Self::expr);
    }

    pub(super) fn idents(&mut self, list: List<IdentId>) {
        let nodes = self.tree.nodes;
        self.separated(&nodes[list], ", ", |p, name| p.expr(name.expr()));
    }

    pub(super) fn expr(&mut self, x: ExprId) {
        let before_paren = std::mem::take(&mut self.before_paren);
        let node = self.tree.nodes[x];
        match node.kind {
            ExprKind::Bad => self.text(if self.form == Form::Short { "<bad expr>" } else { "_" }),
            ExprKind::Name(symbol) => self.out.push_str(self.tree.names.text(symbol)),
            ExprKind::Literal { len, .. } => self.out.push_str(self.tree.source(node.pos, len)),
            ExprKind::Composite { ty, elems, .. } => self.composite(ty, elems),
            ExprKind::KeyValue { key, value } => {
                self.expr(key);
                self.text(": ");
                self.expr(value);
            }
            ExprKind::FuncLit { ty, body } => self.func_literal(ty, body),
            ExprKind::Paren(x) => {
                self.text("(");
                self.expr(x);
                self.text(")");
            }
            ExprKind::Selector { x, sel } => {
                self.expr(x);
                self.dots(".");
                self.expr(sel.expr());
            }
            ExprKind::Index { x, args, .. } => {
                self.expr(x);
                self.text("[");
                self.exprs(args);
                self.text("]");
            }
            ExprKind::Slice { x, lo, hi, max, full } => {
                self.expr(x);
                self.text("[");
                lo.into_iter().for_each(|x| self.expr(x));
                self.text(":");
                hi.into_iter().for_each(|x| self.expr(x));
                if full {
                    self.text(":");
                    max.into_iter().for_each(|x| self.expr(x));
                }
                self.text("]");
            }
            ExprKind::Assert { x, ty } => {
                self.expr(x);
                self.dots(".(");
                self.expr(ty);
                self.text(")");
            }
            ExprKind::TypeSwitchGuard { lhs, x } => {
                if let Some(lhs) = lhs {
                    self.expr(lhs.expr());
                    self.text(" := ");
                }
                self.expr(x);
                self.dots(".(type)");
            }
            ExprKind::Unary { op, x } => self.unary(op, x, before_paren),
            ExprKind::Binary { .. } => self.binary(x),
            ExprKind::Call { fun, args, spread, .. } => {
                self.before_paren = true;
                self.expr(fun);
                self.before_paren = false;
                self.text("(");
                self.exprs(args);
                if spread {
                    self.dots("...");
                }
                self.text(")");
            }
            _ => self.type_literal(x, before_paren),
        }
    }

    /// After a number dots need a space, or they would become part of it.
    fn dots(&mut self, dots: &str) {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let word = self.out.trim_end_matches(is_word).len();
        if self.out[word..].starts_with(|c: char| c.is_ascii_digit()) {
            self.text(" ");
        }
        self.text(dots);
    }

    fn unary(&mut self, op: Op, x: ExprId, before_paren: bool) {
        self.text(op.as_str());
        if let ExprKind::Unary { op: inner, .. } = self.tree.nodes[x].kind
            && would_join(op, inner)
        {
            self.text(" ");
        }
        self.before_paren = before_paren;
        self.expr(x);
    }

    /// Chains lean to the left and are printed from there without recursion.
    fn binary(&mut self, x: ExprId) {
        let nodes = self.tree.nodes;
        let mut chain = Vec::new();
        let mut first = x;
        while let ExprKind::Binary { op, x, y } = nodes[first].kind {
            chain.push((op, y));
            first = x;
        }
        self.expr(first);
        while let Some((op, y)) = chain.pop() {
            self.text(" ");
            self.text(op.as_str());
            self.text(" ");
            self.expr(y);
        }
    }

    fn composite(&mut self, ty: Option<ExprId>, elems: List<ExprId>) {
        ty.into_iter().for_each(|ty| self.expr(ty));
        let nodes = self.tree.nodes;
        let elems = &nodes[elems];
        let is_pair = |&x: &ExprId| matches!(nodes[x].kind, ExprKind::KeyValue { .. });
        if self.form == Form::Short {
            self.text(if elems.is_empty() { "{}" } else { "{…}" });
        } else if !elems.is_empty() && elems.iter().all(is_pair) {
            self.braced(elems, ",", Self::expr);
        } else {
            self.text("{");
            self.separated(elems, ", ", Self::expr);
            self.text("}");
        }
    }

    fn func_literal(&mut self, ty: ExprId, body: BlockId) {
        self.expr(ty);
        self.text(" ");
        if self.form == Form::Full {
            return self.block(body);
        }
        let empty = self.tree.nodes[body].stmts.is_empty();
        self.text(if empty { "{}" } else { "{…}" });
    }

    fn type_literal(&mut self, x: ExprId, before_paren: bool) {
        match self.tree.nodes[x].kind {
            ExprKind::Array { len, elem } => {
                self.text("[");
                match len {
                    Some(len) => self.expr(len),
                    None => self.text("..."),
                }
                self.text("]");
                self.elem(elem, before_paren);
            }
            ExprKind::SliceType { elem } => {
                self.text("[]");
                self.elem(elem, before_paren);
            }
            ExprKind::Variadic { elem } => {
                self.text("...");
                self.expr(elem);
            }
            ExprKind::Map { key, value } => {
                self.text("map[");
                self.expr(key);
                self.text("]");
                self.elem(value, before_paren);
            }
            ExprKind::Chan { dir, elem } => self.chan(dir, elem, before_paren),
            ExprKind::Struct { fields, .. } => self.struct_type(fields),
            ExprKind::Interface { elems, .. } => self.interface_type(elems),
            ExprKind::Func { params, results } => {
                self.text("func");
                self.before_paren = before_paren;
                self.signature(params, results);
            }
            _ => {}
        }
    }

    /// The element of a type, in parentheses if it would take what follows for its result.
    fn elem(&mut self, elem: ExprId, before_paren: bool) {
        let open_ended = matches!(self.tree.nodes[elem].kind, ExprKind::Func { results, .. } if results.is_empty());
        if before_paren && open_ended {
            self.text("(");
            self.expr(elem);
            self.text(")");
        } else {
            self.before_paren = before_paren;
            self.expr(elem);
        }
    }

    fn chan(&mut self, dir: ChanDir, elem: ExprId, before_paren: bool) {
        self.text(match dir {
            ChanDir::Both => "chan ",
            ChanDir::Send => "chan<- ",
            ChanDir::Recv => "<-chan ",
        });
        let takes_arrow =
            matches!(self.tree.nodes[elem].kind, ExprKind::Chan { dir: ChanDir::Recv, .. });
        if dir == ChanDir::Both && takes_arrow {
            self.text("(");
            self.expr(elem);
            self.text(")");
        } else {
            self.elem(elem, before_paren);
        }
    }

    fn struct_type(&mut self, fields: List<Field>) {
        self.text(if fields.is_empty() || self.form == Form::Short { "struct" } else { "struct " });
        let nodes = self.tree.nodes;
        let fields = &nodes[fields];
        let together = |a: &Field, b: &Field| a.name.is_some() && b.name.is_some() && a.ty == b.ty;
        let lines: Vec<&[Field]> = fields.chunk_by(together).collect();
        self.braced(&lines, "", |p, line| {
            p.separated(line, ", ", |p, field| {
                field.name.into_iter().for_each(|name| p.expr(name.expr()))
            });
            if line[0].name.is_some() {
                p.text(" ");
            }
            p.expr(line[0].ty);
            if let Some(tag) = line[0].tag {
                p.text(" ");
                p.expr(tag);
            }
        });
    }

    fn interface_type(&mut self, elems: List<Field>) {
        self.text(if elems.is_empty() || self.form == Form::Short {
            "interface"
        } else {
            "interface "
        });
        let nodes = self.tree.nodes;
        self.braced(&nodes[elems], "", |p, elem| match (elem.name, nodes[elem.ty].kind) {
            (Some(name), ExprKind::Func { params, results }) => {
                p.expr(name.expr());
                p.signature(params, results);
            }
            _ => p.expr(elem.ty),
        });
    }

    pub(super) fn signature(&mut self, params: List<Field>, results: List<Field>) {
        let before_paren = std::mem::take(&mut self.before_paren);
        let nodes = self.tree.nodes;
        self.text("(");
        self.fields(&nodes[params]);
        self.text(")");
        match &nodes[results] {
            [] => {}
            [Field { name: None, ty, .. }] => {
                self.text(" ");
                self.elem(*ty, before_paren);
            }
            results => {
                self.text(" (");
                self.fields(results);
                self.text(")");
            }
        }
    }

    /// Parameters; names that share a type have it once, after the last.
    pub(super) fn fields(&mut self, fields: &[Field]) {
        for (i, field) in fields.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            if let Some(name) = field.name {
                self.expr(name.expr());
                match fields.get(i + 1) {
                    Some(next) if next.name.is_some() && next.ty == field.ty => continue,
                    _ => self.text(" "),
                }
            }
            self.expr(field.ty);
        }
    }

    /// Type parameters. One alone whose constraint starts with a `*` needs a comma, or it would look like an array's
    /// length.
    pub(super) fn type_params(&mut self, list: List<Field>) {
        if list.is_empty() {
            return;
        }
        let nodes = self.tree.nodes;
        let fields = &nodes[list];
        self.text("[");
        self.fields(fields);
        let mut first_term = fields[0].ty;
        while let ExprKind::Binary { x, .. } = nodes[first_term].kind {
            first_term = x;
        }
        if fields.len() == 1
            && matches!(nodes[first_term].kind, ExprKind::Unary { op: Op::Mul, .. })
        {
            self.text(",");
        }
        self.text("]");
    }
}
