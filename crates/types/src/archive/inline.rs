//! Which functions their callers may want to take in.

use trigo_syntax::ast::{BlockId, DeclKind, ExprKind, File, Node, StmtKind};

/// What a function may cost that Go's compiler inlines, in nodes of its tree (`inlineMaxBudget` in
/// `cmd/compile/internal/inline`).
const BUDGET: usize = 80;

/// Whether a body is small enough that Go's compiler might inline it.
///
/// This is an estimate on the tree, which does not know calls that may not be inlined, and admits more functions than Go
/// for that. It may only miss one that becomes much smaller by what it does not know either: constants that the
/// operands of long expressions make together, and branches that are never taken.
pub(super) fn may_be_inlined(file: &File, body: BlockId) -> bool {
    let mut left = BUDGET;
    let mut stack = vec![Node::Block(body)];
    while let Some(node) = stack.pop() {
        let (costs, goes_in) = cost(file, node);
        match left.checked_sub(usize::from(costs)) {
            Some(less) => left = less,
            None => return false,
        }
        if goes_in {
            file.children(node, |child| stack.push(child));
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
            ExprKind::FuncLit { .. } => (true, false),
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
        may_be_inlined(&file, body)
    }

    #[test]
    fn names_and_statements_count_and_types_and_operators_do_not() {
        // An assignment and two names are three nodes.
        assert!(fits(&"x = y; ".repeat(26)));
        assert!(!fits(&"x = y; ".repeat(27)));
        assert!(fits(&"x = map[string][]T(-y); ".repeat(26)));
    }

    #[test]
    fn the_bodies_of_closures_are_other_functions() {
        let closure = format!("f = func() {{ {} }}", "x = y; ".repeat(100));
        assert!(fits(&closure));
    }
}
