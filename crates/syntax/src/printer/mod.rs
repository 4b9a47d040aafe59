//! From the tree back to source.
//!
//! [`print_file`] writes a whole file, one statement a line, in a form that parses to the same tree; comments are left
//! out but for the directives of declarations. [`expr_string`] writes an expression on one line, with `…` for bodies,
//! as Go's compiler shows it in messages.

mod decl;
mod expr;
mod stmt;

use std::fmt;

use crate::ast::{AssignOp, ExprId, ExprKind, File, List, Nodes, StmtId, StmtKind};
use crate::intern::Interner;
use crate::pos::Pos;
use crate::token::Op;

/// Writes a file as Go source that parses to the same tree.
///
/// A file that had syntax errors is written as far as it goes, with `_` for expressions that are missing.
///
/// ```
/// use trigo_syntax::{FileId, Interner, Mode, Source, parse_file, printer};
///
/// let interner = Interner::new();
/// let source = Source::new(FileId(0), "p.go", *b"package p; func f(a,b int) { for { if a>b { break } } }");
/// let file = parse_file(source, &interner, Mode::default(), &mut Vec::new());
/// assert_eq!(printer::print_file(&file, &interner), "\
/// package p
///
/// func f(a, b int) {
/// \tfor {
/// \t\tif a > b {
/// \t\t\tbreak
/// \t\t}
/// \t}
/// }
/// ");
/// ```
pub fn print_file(file: &File, names: &Interner) -> String {
    let tree = Tree::new(&file.nodes, &file.source.text, names);
    let mut printer = Printer::new(tree, Form::Full);
    printer.file(file);
    printer.out
}

/// An expression or a type on one line, as messages show it: bodies of functions and composite literals are `…`.
///
/// ```
/// use trigo_syntax::ast::DeclKind;
/// use trigo_syntax::{FileId, Interner, Mode, Source, parse_file, printer};
///
/// let interner = Interner::new();
/// let source = Source::new(FileId(0), "p.go", *b"package p; var v = f(T{1}, func() { g() })[1:]");
/// let file = parse_file(source, &interner, Mode::default(), &mut Vec::new());
/// let DeclKind::Var { values, .. } = file[file[file.decls][0]].kind else { unreachable!() };
/// assert_eq!(printer::expr_string(&file, &interner, file[values][0]), "f(T{…}, func() {…})[1:]");
/// ```
pub fn expr_string(file: &File, names: &Interner, expr: ExprId) -> String {
    Tree::new(&file.nodes, &file.source.text, names).expr(expr).to_string()
}

/// A statement on one line, as messages show it.
pub fn stmt_string(file: &File, names: &Interner, stmt: StmtId) -> String {
    let tree = Tree::new(&file.nodes, &file.source.text, names);
    tree.short(|p| p.stmt(stmt))
}

/// What printing needs of a file, whether it is finished or still being parsed.
#[derive(Clone, Copy)]
pub(crate) struct Tree<'a> {
    pub nodes: &'a Nodes,
    pub src: &'a [u8],
    pub names: &'a Interner,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(nodes: &'a Nodes, src: &'a [u8], names: &'a Interner) -> Self {
        Self { nodes, src, names }
    }

    /// An expression in its short form.
    pub(crate) fn expr(self, x: ExprId) -> impl fmt::Display + 'a {
        self.short(|p| p.expr(x))
    }

    /// Expressions in their short form, with commas.
    pub(crate) fn expr_list(self, list: List<ExprId>) -> String {
        self.short(|p| p.exprs(list))
    }

    /// A statement that stands where a condition should, for the message that says so. Both sides of a `=` that was
    /// meant to be a `==` get parentheses, to show where it binds.
    pub(crate) fn condition_misread(self, kind: StmtKind) -> String {
        if let StmtKind::Assign { op: AssignOp::Assign, lhs, rhs } = kind {
            let side = |list: List<ExprId>| match self.nodes[list] {
                [x] if matches!(self.nodes[x].kind, ExprKind::Binary { .. }) => {
                    format!("({})", self.expr(x))
                }
                _ => self.expr_list(list),
            };
            return format!("assignment {} = {}", side(lhs), side(rhs));
        }
        self.short(|p| p.stmt_kind(kind))
    }

    fn short(self, print: impl FnOnce(&mut Printer)) -> String {
        let mut printer = Printer::new(self, Form::Short);
        print(&mut printer);
        printer.out
    }

    fn source(&self, pos: Pos, len: u32) -> &'a str {
        str::from_utf8(&self.src[pos.offset()..pos.offset() + len as usize]).unwrap_or("_")
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Everything, on as many lines as it takes.
    Full,
    /// One line, without bodies.
    Short,
}

struct Printer<'a> {
    tree: Tree<'a>,
    form: Form,
    out: String,
    indent: usize,
    /// Whether what is printed is followed by a `(`, which a function type without results would take for its own.
    before_paren: bool,
}

impl<'a> Printer<'a> {
    fn new(tree: Tree<'a>, form: Form) -> Self {
        Self { tree, form, out: String::new(), indent: 0, before_paren: false }
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Ends the line; the short form has spaces instead.
    fn line(&mut self) {
        match self.form {
            Form::Full => {
                self.out.push('\n');
                self.out.extend(std::iter::repeat_n('\t', self.indent));
            }
            Form::Short => self.out.push(' '),
        }
    }

    /// Prints `each` of `items` with `separator` between them.
    fn separated<T: Copy>(
        &mut self,
        items: &[T],
        separator: &str,
        mut each: impl FnMut(&mut Self, T),
    ) {
        for (i, &item) in items.iter().enumerate() {
            if i > 0 {
                self.text(separator);
            }
            each(self, item);
        }
    }

    /// Prints `each` of `items` in braces on a line of its own, indented, or in the short form on one line.
    fn braced<T: Copy>(
        &mut self,
        items: &[T],
        terminator: &str,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.text("{");
        if self.form == Form::Short {
            self.separated(items, "; ", each);
        } else if !items.is_empty() {
            self.indent += 1;
            for &item in items {
                self.line();
                each(self, item);
                self.text(terminator);
            }
            self.indent -= 1;
            self.line();
        }
        self.text("}");
    }
}

/// Whether unary `outer` directly before unary `inner` would be read as one token.
fn would_join(outer: Op, inner: Op) -> bool {
    matches!((outer, inner), (Op::Add, Op::Add) | (Op::Sub, Op::Sub) | (Op::And, Op::And | Op::Xor))
}
