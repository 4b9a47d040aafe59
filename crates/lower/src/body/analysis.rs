//! What has to be known of a whole function before its first statement is lowered: which variables must be objects of their
//! own, and which functions have deferred calls.
//!
//! A variable is an object if it is too large for a frame, if its address is taken, or if a function inside refers to it and it is either assigned to after
//! its declaration or large. All other captured variables are copied into the closure. The rule is gc's
//! (`cmd/compile/internal/escape`, `flowClosure`). The body of a loop over a function counts as a function inside.

use super::deep;
use crate::env::Env;
use crate::world::World;
use rustc_hash::{FxHashMap, FxHashSet};
use trigo_ir::types::{Shape, TypeId as IrType};
use trigo_syntax::ast::{
    AssignOp, BlockId, ExprId, ExprKind, File, List, Node, SpawnKind, StmtId, StmtKind,
};
use trigo_syntax::token::Op;
use trigo_types::{FileInfo, GoVersion, ObjId, SelectionKind, VarKind};

/// Captured variables above this size are never copied.
const MAX_COPIED: u64 = 128;

/// Variables and temporaries above this size are objects of their own, as in gc (`ir.MaxStackVarSize`).
pub(super) const MAX_IN_FRAME: u64 = 128 << 10;

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    boxed: FxHashSet<ObjId>,
    defers: FxHashSet<BlockId>,
}

impl Analysis {
    /// Whether a variable is an object of its own.
    pub fn is_boxed(&self, var: ObjId) -> bool {
        self.boxed.contains(&var)
    }

    /// Whether the function with this body has deferred calls.
    pub fn defers(&self, body: BlockId) -> bool {
        self.defers.contains(&body)
    }

    /// Looks at a declared function.
    pub fn of_function(
        world: &World<'_>,
        env: &Env,
        (package, file): (u32, u32),
        params: &[ObjId],
        results: &[ObjId],
        body: BlockId,
    ) -> Self {
        let mut walk = Walk::new(world, env, package, file);
        walk.scopes.push(Scope { body: Some(body), results: results.to_vec() });
        params.iter().chain(results).for_each(|&v| walk.declare(v));
        walk.assigned.extend(results);
        walk.visit(Node::Block(body));
        walk.finish()
    }

    /// Looks at expressions of a package's files.
    pub fn of_expressions(
        world: &World<'_>,
        env: &Env,
        package: u32,
        expressions: &[(u32, ExprId)],
    ) -> Self {
        let mut whole = Self::default();
        for &(file, e) in expressions {
            let mut walk = Walk::new(world, env, package, file);
            walk.scopes.push(Scope { body: None, results: Vec::new() });
            walk.visit(Node::Expr(e));
            let found = walk.finish();
            whole.boxed.extend(found.boxed);
            // Blocks of different files share numbers: a frame too many does no harm.
            whole.defers.extend(found.defers);
        }
        whole
    }
}

/// A function on the way: none for the body of a loop over a function.
struct Scope {
    body: Option<BlockId>,
    results: Vec<ObjId>,
}

struct Walk<'w, 'a> {
    world: &'w World<'a>,
    env: &'w Env,
    file: &'w File,
    info: &'w FileInfo,
    scopes: Vec<Scope>,
    /// How many scopes there are where a variable is declared.
    depth: FxHashMap<ObjId, usize>,
    addressed: FxHashSet<ObjId>,
    assigned: FxHashSet<ObjId>,
    captured: FxHashSet<ObjId>,
    defers: FxHashSet<BlockId>,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn new(world: &'w World<'a>, env: &'w Env, package: u32, file: u32) -> Self {
        let p = &world.packages[package as usize];
        Self {
            world,
            env,
            file: &p.files[file as usize],
            info: &p.info.files[file as usize],
            scopes: Vec::new(),
            depth: FxHashMap::default(),
            addressed: FxHashSet::default(),
            assigned: FxHashSet::default(),
            captured: FxHashSet::default(),
            defers: FxHashSet::default(),
        }
    }

    fn finish(self) -> Analysis {
        let types = &self.world.context.types;
        let size = |v: &ObjId| types.size(self.env.ty(self.world, self.world.store.obj_type(*v)));
        let is_local = |v: &ObjId| {
            self.world.store.obj(*v).as_var().is_some_and(|var| var.kind == VarKind::Local)
        };
        let mut boxed = self.addressed;
        boxed.extend(self.depth.keys().filter(|v| is_local(v) && size(v) > MAX_IN_FRAME));
        let by_reference = |v: &&ObjId| self.assigned.contains(v) || size(v) > MAX_COPIED;
        boxed.extend(self.captured.iter().filter(by_reference));
        Analysis { boxed, defers: self.defers }
    }

    fn ty(&self, e: ExprId) -> Option<IrType> {
        let (_, t) = self.info.typ(e)?;
        let t = match self.world.store.vars(t) {
            [first, ..] => self.world.store.obj_type(*first),
            [] => t,
        };
        Some(self.env.ty(self.world, t))
    }

    fn is_pointer(&self, e: ExprId) -> bool {
        self.ty(e).is_some_and(|t| matches!(self.world.context.types.shape(t), Shape::Pointer(_)))
    }

    fn is_array(&self, e: ExprId) -> bool {
        self.ty(e).is_some_and(|t| matches!(self.world.context.types.shape(t), Shape::Array { .. }))
    }

    /// The local variable that an identifier means.
    fn local(&self, e: ExprId) -> Option<ObjId> {
        let obj = self.info.object(e)?;
        let var = self.world.store.obj(obj).as_var()?;
        (!matches!(var.kind, VarKind::Package | VarKind::Field)).then_some(obj)
    }

    fn declare(&mut self, obj: ObjId) {
        self.depth.entry(obj).or_insert(self.scopes.len());
    }

    fn used(&mut self, obj: ObjId) {
        match self.depth.get(&obj) {
            Some(&depth) if depth < self.scopes.len() => {
                self.captured.insert(obj);
            }
            Some(_) => {}
            None => self.declare(obj),
        }
    }

    /// The variable of which an operand is a part.
    fn root(&self, mut e: ExprId) -> Option<ObjId> {
        loop {
            e = match self.file[e].kind {
                ExprKind::Name(_) => return self.local(e),
                ExprKind::Paren(x) => x,
                ExprKind::Selector { x, .. } => {
                    let selection = self.info.selections.get(&e)?;
                    if selection.indirect || self.is_pointer(x) {
                        return None;
                    }
                    x
                }
                ExprKind::Index { x, .. } if self.is_array(x) => x,
                _ => return None,
            }
        }
    }

    fn assign(&mut self, e: ExprId) {
        self.assigned.extend(self.root(e));
    }

    fn address(&mut self, e: ExprId) {
        self.addressed.extend(self.root(e));
    }

    fn children(&mut self, node: Node) {
        let file = self.file;
        file.children(node, |child| self.visit(child));
    }

    fn visit(&mut self, node: Node) {
        deep(|| match node {
            Node::Expr(e) => self.expr(e),
            Node::Stmt(s) => self.stmt(s),
            _ => self.children(node),
        });
    }

    fn expr(&mut self, e: ExprId) {
        match self.file[e].kind {
            ExprKind::Name(_) => {
                if let Some(obj) = self.local(e) {
                    self.used(obj);
                }
                return;
            }
            ExprKind::FuncLit { body, .. } => {
                let sig = self.info.typ(e).and_then(|t| self.world.store.as_signature(t.1));
                let Some(sig) = sig else { return };
                let store = self.world.store;
                let results = store.vars(sig.results).to_vec();
                self.scopes.push(Scope { body: Some(body), results: results.clone() });
                store.vars(sig.params).iter().chain(&results).for_each(|&v| self.declare(v));
                self.assigned.extend(results);
                self.visit(Node::Block(body));
                self.scopes.pop();
                return;
            }
            ExprKind::Unary { op: Op::And, x } => self.address(self.file.unparen(x)),
            ExprKind::Slice { x, .. } if self.is_array(x) => self.address(x),
            ExprKind::Selector { x, .. } => {
                if let Some(selection) = self.info.selections.get(&e) {
                    let method = selection.kind == SelectionKind::Method;
                    if method && !self.is_pointer(x) && self.takes_pointer(x, selection.obj) {
                        self.address(x);
                    }
                }
                return self.visit(Node::Expr(x));
            }
            _ => {}
        }
        self.children(Node::Expr(e));
    }

    /// Whether a method that is selected from `x` may need the address of `x`.
    fn takes_pointer(&self, x: ExprId, method: ObjId) -> bool {
        let store = self.world.store;
        let Some((_, t)) = self.info.typ(x) else { return false };
        store.has_ptr_recv(method) || store.is_type_param(t)
    }

    fn stmt(&mut self, s: StmtId) {
        match self.file[s].kind {
            StmtKind::Assign { op, lhs, .. } => {
                for &e in &self.file[lhs] {
                    match (op, self.local(e)) {
                        (AssignOp::Define, Some(obj)) if !self.depth.contains_key(&obj) => {
                            self.declare(obj);
                        }
                        _ => self.assign(e),
                    }
                }
            }
            StmtKind::IncDec { x, .. } => self.assign(x),
            StmtKind::Spawn { kind: SpawnKind::Defer, .. } => {
                let function = self.scopes.iter().rev().find_map(|s| s.body);
                self.defers.extend(function);
            }
            StmtKind::Return(_) if self.scopes.last().is_some_and(|s| s.body.is_none()) => {
                let function = self.scopes.iter().rev().find(|s| s.body.is_some());
                let results = function.map_or(Vec::new(), |s| s.results.clone());
                self.captured.extend(results);
            }
            StmtKind::Range { lhs, define, x, body, .. } => {
                return self.range(lhs, define, x, body);
            }
            StmtKind::Switch { tag: Some(tag), clauses, .. } => {
                if let ExprKind::TypeSwitchGuard { .. } = self.file[tag].kind {
                    for place in clauses.range() {
                        if let Some(&var) = self.info.clause_vars.get(&place) {
                            self.declare(var);
                        }
                    }
                }
            }
            _ => {}
        }
        self.children(Node::Stmt(s));
    }

    fn range(&mut self, lhs: List<ExprId>, define: bool, x: ExprId, body: BlockId) {
        let types = &self.world.context.types;
        let over_func = self.ty(x).is_some_and(|t| matches!(types.shape(t), Shape::Func { .. }));
        self.visit(Node::Expr(x));
        if over_func {
            self.scopes.push(Scope { body: None, results: Vec::new() });
        }
        let once = self.info.version.is_some_and(|v| v < GoVersion(22));
        for &e in &self.file[lhs] {
            match (define, self.local(e)) {
                (true, Some(obj)) => {
                    self.declare(obj);
                    if once {
                        self.assigned.insert(obj);
                    }
                }
                _ => {
                    self.assign(e);
                    self.visit(Node::Expr(e));
                }
            }
        }
        self.visit(Node::Block(body));
        if over_func {
            self.scopes.pop();
        }
    }
}
