//! Finds generic code that would be instantiated without end.
//!
//! Vertices are type parameters and types declared inside generic functions.
//! An edge says that one's argument is made of the other; it weighs 1 if the
//! argument is larger. A cycle of positive weight never ends.

use super::Checker;
use super::errors::Report;
use super::scope::ScopeId;
use crate::ids::{ObjId, TypeId};
use crate::types::Type;
use rustc_hash::FxHashMap;
use trigo_syntax::FilePos;

struct Vertex {
    obj: ObjId,
    weight: i64,
    /// The edge by which the weight was reached.
    pre: usize,
    len: usize,
}

struct Edge {
    dst: usize,
    src: usize,
    weight: i64,
    pos: FilePos,
    typ: TypeId,
}

/// The graph of a package's instantiations.
#[derive(Default)]
pub(super) struct MonoGraph {
    vertices: Vec<Vertex>,
    edges: Vec<Edge>,
    /// Vertices by where the type parameter is declared; copies share the place.
    index: FxHashMap<FilePos, Option<usize>>,
    same: FxHashMap<FilePos, ObjId>,
}

impl<'a> Checker<'a> {
    /// Notes that a receiver's type parameter stands for the type's own.
    pub(super) fn mono_same(&mut self, new: TypeId, old: TypeId) {
        let pos = self.s.type_obj(new).and_then(|o| self.s.obj(o).pos);
        if let (Some(pos), Some(old)) = (pos, self.s.type_obj(old)) {
            self.mono.same.insert(pos, old);
        }
    }

    pub(super) fn mono_instance(
        &mut self,
        pos: FilePos,
        tparams: &[TypeId],
        targs: &[TypeId],
        places: &[FilePos],
    ) {
        for (i, (&p, &arg)) in tparams.iter().zip(targs).enumerate() {
            let own = self.s.type_obj(p).is_some_and(|o| self.s.obj(o).pkg == Some(self.pkg));
            if own {
                let pos = places.get(i).copied().unwrap_or(pos);
                self.mono_flow(pos, p, arg, arg, &mut Vec::new());
            }
        }
    }

    fn mono_flow(
        &mut self,
        pos: FilePos,
        tparam: TypeId,
        arg: TypeId,
        part: TypeId,
        seen: &mut Vec<TypeId>,
    ) {
        let s = self.s;
        let part = s.unalias(part);
        if seen.contains(&part) {
            return;
        }
        seen.push(part);
        let edge = |c: &mut Self, src| {
            if let (Some(src), Some(dst)) = (src, c.param_vertex(tparam)) {
                let weight = i64::from(part != s.unalias(arg));
                c.mono.edges.push(Edge { dst, src, weight, pos, typ: arg });
            }
        };
        let parts: Vec<TypeId> = match s.typ(part) {
            Type::TypeParam(_) => {
                let src = self.param_vertex(part);
                edge(self, src);
                Vec::new()
            }
            Type::Named(n) => {
                let src = self.local_vertex(n.obj);
                edge(self, src);
                n.targs().to_vec()
            }
            Type::Array { elem, .. }
            | Type::Slice(elem)
            | Type::Pointer(elem)
            | Type::Chan { elem, .. } => {
                vec![*elem]
            }
            Type::Map { key, elem } => vec![*key, *elem],
            Type::Interface(_) => s.type_set(part).methods.iter().map(|&m| s.obj_type(m)).collect(),
            Type::Signature(sig) => s
                .vars(sig.params)
                .iter()
                .chain(s.vars(sig.results))
                .map(|&v| s.obj_type(v))
                .collect(),
            Type::Struct(st) => st.fields.iter().map(|&f| s.obj_type(f)).collect(),
            _ => Vec::new(),
        };
        for p in parts {
            self.mono_flow(pos, tparam, arg, p, seen);
        }
        seen.pop();
    }

    fn new_vertex(&mut self, obj: ObjId) -> usize {
        self.mono.vertices.push(Vertex { obj, weight: 0, pre: 0, len: 0 });
        self.mono.vertices.len() - 1
    }

    fn param_vertex(&mut self, tparam: TypeId) -> Option<usize> {
        let mut obj = self.s.type_obj(tparam)?;
        if let Some(&own) = self.mono.same.get(&self.s.obj(obj).pos?) {
            obj = own;
        }
        let pos = self.s.obj(obj).pos?;
        if let Some(&known) = self.mono.index.get(&pos) {
            return known;
        }
        let v = self.new_vertex(obj);
        self.mono.index.insert(pos, Some(v));
        Some(v)
    }

    /// The vertex of a type declared inside a generic function, which depends on all its type parameters.
    fn local_vertex(&mut self, obj: ObjId) -> Option<usize> {
        let o = self.s.obj(obj);
        let pos = o.pos?;
        if let Some(&known) = self.mono.index.get(&pos) {
            return known;
        }
        let mut scope = self.local_type_scopes.get(&obj).copied();
        let mut vertex = None;
        while let Some(id) = scope.filter(|&id| id != ScopeId::PACKAGE) {
            for (_, elem) in self.scope(id).names().to_vec() {
                let e = self.s.obj(elem);
                let Some(t) = e.typ().filter(|_| e.is_type_name() && e.pos < Some(pos)) else {
                    continue;
                };
                if matches!(self.s.typ(t), Type::TypeParam(_))
                    && let Some(src) = self.param_vertex(t)
                {
                    let dst = *vertex.get_or_insert(self.mono.vertices.len());
                    if dst == self.mono.vertices.len() {
                        self.new_vertex(obj);
                    }
                    self.mono.edges.push(Edge { dst, src, weight: 1, pos, typ: t });
                }
            }
            scope = self.scope(id).parent;
        }
        self.mono.index.insert(pos, vertex);
        vertex
    }

    /// Looks for a cycle of positive weight by raising weights until they settle.
    pub(super) fn monomorph(&mut self) {
        let g = &mut self.mono;
        let mut again = true;
        while again {
            again = false;
            for (i, edge) in g.edges.iter().enumerate() {
                let (w, len) =
                    (g.vertices[edge.src].weight + edge.weight, g.vertices[edge.src].len + 1);
                let count = g.vertices.len();
                let dst = &mut g.vertices[edge.dst];
                if w <= dst.weight {
                    continue;
                }
                (dst.pre, dst.len, dst.weight) = (i, len, w);
                if len == count {
                    let at = edge.dst;
                    self.report_loop(at);
                    return;
                }
                again = true;
            }
        }
    }

    fn report_loop(&mut self, v: usize) {
        let g = &self.mono;
        let mut stack = Vec::new();
        let mut v = v;
        while !stack.contains(&v) {
            stack.push(v);
            v = g.edges[g.vertices[v].pre].src;
        }
        let start = stack.iter().position(|&x| x == v).unwrap_or(0);
        let mut report = Report::new(self.s.obj(g.vertices[v].obj).pos, "instantiation cycle:");
        for &x in &stack[start..] {
            let edge = &g.edges[g.vertices[x].pre];
            let obj = g.vertices[edge.dst].obj;
            let is_param =
                self.s.obj(obj).typ().is_some_and(|t| matches!(self.s.typ(t), Type::TypeParam(_)));
            let how = if is_param { "instantiated as" } else { "implicitly parameterized by" };
            let text = format!("{} {how} {}", self.s.obj_name(obj), self.ts(edge.typ));
            self.add_line(&mut report, Some(edge.pos), &text);
        }
        self.send(report);
    }
}
