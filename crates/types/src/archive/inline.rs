//! Which functions their callers may want to take in.

use std::ops::Range;

use trigo_syntax::ast::{BlockId, DeclKind, ExprId, ExprKind, File, Node, StmtKind};

/// What a function may cost that Go's compiler inlines, in nodes of its tree (`inlineMaxBudget` in
/// `cmd/compile/internal/inline`).
const BUDGET: usize = 80;

/// Whether a body is small enough that Go's compiler might inline it. `exprs` are the numbers of the expressions in it.
///
/// This is an estimate on the tree, which does not know calls that may not be inlined, and admits more functions than Go
/// for that. It may only miss one that becomes much smaller by what it does not know either: constants that the
/// operands of long expressions make together, and branches that are never taken.
pub(super) fn may_be_inlined(file: &File, body: BlockId, exprs: Range<usize>) -> bool {
    // A selector is three expressions and two of Go's nodes.
    if exprs.len() <= BUDGET * 3 / 2 {
        return true;
    }
    let is_closure = |e| matches!(file[ExprId::from_index(e)].kind, ExprKind::FuncLit { .. });
    exprs.into_iter().any(is_closure) && fits_without_closures(file, body)
}

/// Whether what a body holds beside its closures, which are functions of their own, is within the budget.
fn fits_without_closures(file: &File, body: BlockId) -> bool {
    let mut nodes = 0;
    let mut stack = vec![Node::Block(body)];
    while let Some(node) = stack.pop() {
        file.children(node, |child| {
            let (costs, goes_in) = cost(file, child);
            nodes += usize::from(costs);
            if goes_in {
                stack.push(child);
            }
        });
        if nodes > BUDGET {
            return false;
        }
    }
    true
}

/// Whether a node costs something, and whether those below it may.
fn cost(file: &File, node: Node) -> (bool, bool) {
    match node {
        Node::Stmt(id) => match file[id].kind {
            // What is in it is the node.
            StmtKind::Empty | StmtKind::Block(_) | StmtKind::Expr(_) | StmtKind::Decl(_) => {
                (false, true)
            }
            StmtKind::Branch { .. } => (true, false),
            _ => (true, true),
        },
        Node::Decl(id) => (true, matches!(file[id].kind, DeclKind::Var { .. })),
        Node::Expr(id) => match file[id].kind {
            // Types are no nodes, and a closure's body is another function's.
            ExprKind::Array { .. }
            | ExprKind::SliceType { .. }
            | ExprKind::Struct { .. }
            | ExprKind::Interface { .. }
            | ExprKind::Func { .. }
            | ExprKind::Map { .. }
            | ExprKind::Chan { .. } => (false, false),
            ExprKind::FuncLit { .. } | ExprKind::Name(_) | ExprKind::Literal { .. } => {
                (true, false)
            }
            // Operators may be part of a constant, and the others are seen in what they hold.
            ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Paren(_)
            | ExprKind::Call { .. }
            | ExprKind::Selector { .. }
            | ExprKind::KeyValue { .. } => (false, true),
            _ => (true, true),
        },
        Node::Block(_) | Node::Field(_) | Node::Case(_) | Node::Comm(_) => (false, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trigo_syntax::{FileId, Interner, Source, parse_file};

    fn fits(body: &str) -> bool {
        let text = format!("package p; func f() {{ {body} }}");
        let source = Source::new(FileId(1), "p.go", text.into_bytes());
        let mut errors = Vec::new();
        let file = parse_file(source, &Interner::new(), Default::default(), &mut errors);
        assert!(errors.is_empty(), "{errors:?}");
        let DeclKind::Func { body: Some(body), .. } = file[file[file.decls][0]].kind else {
            panic!("a function");
        };
        may_be_inlined(&file, body, 0..file.expr_count())
    }

    #[test]
    fn large_bodies_do_not_fit() {
        // A call of a method is an expression and three for what is called.
        assert!(fits(&"x.f(); ".repeat(28)));
        assert!(!fits(&"x.f(); ".repeat(32)));
    }

    #[test]
    fn the_bodies_of_closures_are_other_functions() {
        let closure = format!("f = func() {{ {} }}; ", "x = y; ".repeat(100));
        assert!(fits(&closure));
        assert!(fits(&(closure.clone() + &"x = y; ".repeat(24))));
        assert!(!fits(&(closure + &"x = y; ".repeat(27))));
    }
}
