//! The tree as text, one node a line: to look at, and to compare trees without their positions.

use std::fmt::Write;

use crate::ast::{
    AssignOp, ChanDir, Decl, DeclKind, ExprId, ExprKind, File, Node, StmtId, StmtKind,
};
use crate::intern::Interner;

/// Writes a file's tree, each node on a line below its parent and indented by two more spaces.
///
/// The text has all that is in the tree but positions and comments, so two files have the same tree exactly if their
/// texts are equal.
///
/// ```
/// use trigo_syntax::{FileId, Interner, Mode, Source, dump, parse_file};
///
/// let interner = Interner::new();
/// let source = Source::new(FileId(0), "p.go", *b"package p; var v = -1");
/// let file = parse_file(source, &interner, Mode::default(), &mut Vec::new());
/// assert_eq!(dump(&file, &interner), "\
/// File p
///   Var names=1 values=1
///     Name v
///     Unary -
///       Literal Int 1
/// ");
/// ```
pub fn dump(file: &File, names: &Interner) -> String {
    let mut out = String::from("File");
    if let Some(package) = file.package {
        let _ = write!(out, " {}", names.text(file.symbol(package)));
    }
    if let Some(version) = &file.go_version {
        let _ = write!(out, " {version}");
    }
    for &directive in &file[file.directives] {
        let _ = write!(out, " //{}", file.directive_text(directive));
    }
    out.push('\n');
    let mut stack: Vec<(Node, usize)> = Vec::new();
    stack.extend(file[file.decls].iter().rev().map(|&decl| (Node::Decl(decl), 1)));
    while let Some((node, depth)) = stack.pop() {
        for _ in 0..depth {
            out.push_str("  ");
        }
        label(file, names, node, &mut out);
        out.push('\n');
        let mark = stack.len();
        file.children(node, |child| stack.push((child, depth + 1)));
        stack[mark..].reverse();
    }
    out
}

fn label(file: &File, names: &Interner, node: Node, out: &mut String) {
    match node {
        Node::Decl(id) => decl(file, &file[id], out),
        Node::Stmt(id) => stmt(file, id, out),
        Node::Block(_) => out.push_str("Block"),
        Node::Expr(id) => expr(file, names, id, out),
        Node::Field(field) => {
            out.push_str("Field");
            flag(out, "name", field.name.is_some());
            flag(out, "tag", field.tag.is_some());
        }
        Node::Case(clause) => match clause.exprs {
            Some(exprs) => {
                out.push_str("Case");
                count(out, "exprs", exprs.len());
            }
            None => out.push_str("Default"),
        },
        Node::Comm(clause) => out.push_str(if clause.comm.is_some() { "Case" } else { "Default" }),
    }
}

fn flag(out: &mut String, name: &str, there: bool) {
    if there {
        out.push(' ');
        out.push_str(name);
    }
}

fn count(out: &mut String, name: &str, n: usize) {
    let _ = write!(out, " {name}={n}");
}

fn decl(file: &File, decl: &Decl, out: &mut String) {
    match decl.kind {
        DeclKind::Import { name, .. } => {
            out.push_str("Import");
            flag(out, "name", name.is_some());
        }
        DeclKind::Const { names, ty, values } | DeclKind::Var { names, ty, values } => {
            let constant = matches!(decl.kind, DeclKind::Const { .. });
            out.push_str(if constant { "Const" } else { "Var" });
            count(out, "names", names.len());
            flag(out, "type", ty.is_some());
            count(out, "values", values.len());
        }
        DeclKind::Type { type_params, alias, .. } => {
            out.push_str("Type");
            flag(out, "alias", alias);
            count(out, "params", type_params.len());
        }
        DeclKind::Func { recv, type_params, body, .. } => {
            out.push_str("Func");
            flag(out, "method", !recv.is_empty());
            count(out, "params", type_params.len());
            flag(out, "body", body.is_some());
        }
    }
    flag(out, "grouped", decl.group.is_some());
    for &directive in &file[decl.directives] {
        let _ = write!(out, " //{}", file.directive_text(directive));
    }
}

fn stmt(file: &File, id: StmtId, out: &mut String) {
    match file[id].kind {
        StmtKind::Empty => out.push_str("Empty"),
        StmtKind::Block(_) => out.push_str("BlockStmt"),
        StmtKind::Expr(_) => out.push_str("ExprStmt"),
        StmtKind::Send { .. } => out.push_str("Send"),
        StmtKind::IncDec { op, .. } => {
            let _ = write!(out, "IncDec {op}{op}");
        }
        StmtKind::Assign { op, lhs, rhs } => {
            match op {
                AssignOp::Assign => out.push_str("Assign ="),
                AssignOp::Define => out.push_str("Assign :="),
                AssignOp::Op(op) => {
                    let _ = write!(out, "Assign {op}=");
                }
            }
            count(out, "lhs", lhs.len());
            count(out, "rhs", rhs.len());
        }
        StmtKind::Decl(_) => out.push_str("DeclStmt"),
        StmtKind::Labeled { .. } => out.push_str("Labeled"),
        StmtKind::Branch { kind, .. } => {
            let _ = write!(out, "{kind:?}");
        }
        StmtKind::Spawn { kind, .. } => {
            let _ = write!(out, "{kind:?}");
        }
        StmtKind::Return(_) => out.push_str("Return"),
        StmtKind::If { init, els, .. } => {
            out.push_str("If");
            flag(out, "init", init.is_some());
            flag(out, "else", els.is_some());
        }
        StmtKind::For { init, cond, post, .. } => {
            out.push_str("For");
            flag(out, "init", init.is_some());
            flag(out, "cond", cond.is_some());
            flag(out, "post", post.is_some());
        }
        StmtKind::Range { lhs, define, .. } => {
            out.push_str("Range");
            flag(out, "define", define);
            count(out, "lhs", lhs.len());
        }
        StmtKind::Switch { init, tag, .. } => {
            out.push_str("Switch");
            flag(out, "init", init.is_some());
            flag(out, "tag", tag.is_some());
        }
        StmtKind::Select { .. } => out.push_str("Select"),
    }
}

fn expr(file: &File, names: &Interner, id: ExprId, out: &mut String) {
    let word = match file[id].kind {
        ExprKind::Bad => "Bad",
        ExprKind::Name(symbol) => {
            out.push_str("Name ");
            names.text(symbol)
        }
        ExprKind::Literal { kind, bad, .. } => {
            let _ = write!(out, "Literal {kind:?} {}", file.literal(id));
            flag(out, "bad", bad);
            ""
        }
        ExprKind::Composite { ty, .. } => {
            out.push_str("Composite");
            flag(out, "type", ty.is_some());
            ""
        }
        ExprKind::KeyValue { .. } => "KeyValue",
        ExprKind::FuncLit { .. } => "FuncLit",
        ExprKind::Paren(_) => "Paren",
        ExprKind::Selector { .. } => "Selector",
        ExprKind::Index { .. } => "Index",
        ExprKind::Slice { lo, hi, full, .. } => {
            out.push_str("Slice");
            flag(out, "lo", lo.is_some());
            flag(out, "hi", hi.is_some());
            flag(out, "full", full);
            ""
        }
        ExprKind::Assert { .. } => "Assert",
        ExprKind::TypeSwitchGuard { .. } => "TypeSwitchGuard",
        ExprKind::Unary { op, .. } => {
            out.push_str("Unary ");
            op.as_str()
        }
        ExprKind::Binary { op, .. } => {
            out.push_str("Binary ");
            op.as_str()
        }
        ExprKind::Call { spread, .. } => {
            out.push_str("Call");
            flag(out, "...", spread);
            ""
        }
        ExprKind::Array { len, .. } => {
            if len.is_some() {
                "Array"
            } else {
                "Array ..."
            }
        }
        ExprKind::SliceType { .. } => "SliceType",
        ExprKind::Variadic { .. } => "Variadic",
        ExprKind::Struct { .. } => "Struct",
        ExprKind::Interface { .. } => "Interface",
        ExprKind::Func { params, results } => {
            out.push_str("Func");
            count(out, "params", params.len());
            count(out, "results", results.len());
            ""
        }
        ExprKind::Map { .. } => "Map",
        ExprKind::Chan { dir, .. } => match dir {
            ChanDir::Both => "Chan",
            ChanDir::Send => "Chan send",
            ChanDir::Recv => "Chan recv",
        },
    };
    out.push_str(word);
}
