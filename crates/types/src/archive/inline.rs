//! Which functions their callers may want to take in.

use trigo_syntax::ast::{BlockId, ExprKind, File, Node, StmtKind};

/// What a function may cost that Go's compiler inlines, in nodes of its tree (`inlineMaxBudget` in
/// `cmd/compile/internal/inline`).
const BUDGET: usize = 80;

/// Whether a body may be within Go's budget for inlining. This is an estimate on the tree: it counts only what becomes a node
/// of Go's compiler whatever the types are, thus no names and operators, which may be parts of a constant. So it
/// admits more than Go does.
pub(super) fn may_be_inlined(file: &File, body: BlockId) -> bool {
    let mut left = BUDGET;
    let mut stack = vec![Node::Block(body)];
    while let Some(node) = stack.pop() {
        let counts = match node {
            Node::Stmt(id) => !matches!(file[id].kind, StmtKind::Empty | StmtKind::Block(_)),
            Node::Expr(id) => matches!(
                file[id].kind,
                ExprKind::Call { .. }
                    | ExprKind::Index { .. }
                    | ExprKind::Slice { .. }
                    | ExprKind::Composite { .. }
                    | ExprKind::FuncLit { .. }
                    | ExprKind::Assert { .. }
            ),
            _ => false,
        };
        if counts {
            match left.checked_sub(1) {
                Some(less) => left = less,
                None => return false,
            }
        }
        file.children(node, |child| stack.push(child));
    }
    true
}
