//! Types and objects as messages show them.

use crate::ids::{ObjId, PkgId, TypeId};
use crate::object::{ObjKind, VarKind};
use crate::store::Store;
use crate::types::{BasicKind, ChanDir, Signature, Term, Type, load};
use crate::typeset::Terms;
use crate::universe::typ;

/// Gives the prefix a package's names are shown with; empty for none.
pub type Qualifier<'q> = &'q dyn Fn(PkgId) -> String;

/// Writes types.
pub(crate) struct TypeWriter<'s> {
    store: &'s Store,
    qualifier: Qualifier<'s>,
    /// Whether parameters are shown with their names.
    pub param_names: bool,
    /// Whether fields that are not exported are shown with their package.
    pub pkg_info: bool,
    depth: u32,
    seen: Vec<TypeId>,
    pub out: String,
}

impl Store {
    /// A type as text.
    pub fn type_string(&self, t: TypeId, qualifier: Qualifier<'_>) -> String {
        let mut w = TypeWriter::new(self, qualifier);
        w.typ(t);
        w.out
    }

    /// An object as text: its kind, name and type.
    pub fn object_string(&self, obj: ObjId, qualifier: Qualifier<'_>) -> String {
        let mut w = TypeWriter::new(self, qualifier);
        w.object(obj);
        w.out
    }

    /// The word for what an object is.
    pub(crate) fn object_kind(&self, obj: ObjId) -> &'static str {
        let o = self.obj(obj);
        match &o.kind {
            ObjKind::PkgName(_) => "package name",
            ObjKind::Const(_) => "constant",
            ObjKind::TypeName => match o.typ().map(|t| self.typ(t)) {
                Some(Type::TypeParam(_)) => "type parameter",
                _ if self.is_alias(obj) => "type alias",
                _ => "defined type",
            },
            ObjKind::Var(v) => match v.kind {
                VarKind::Package => "package-level variable",
                VarKind::Local => "local variable",
                VarKind::Receiver => "receiver",
                VarKind::Param => "parameter",
                VarKind::Result => "result variable",
                VarKind::Field => "struct field",
            },
            ObjKind::Func(_) => {
                let sig = o.typ().and_then(|t| self.as_signature(t));
                if sig.is_some_and(|s| s.recv.is_some()) { "method" } else { "function" }
            }
            ObjKind::Label => "label",
            ObjKind::Builtin(_) => "built-in function",
            ObjKind::Nil => "untyped nil",
        }
    }

    /// Whether a type name is an alias.
    pub fn is_alias(&self, obj: ObjId) -> bool {
        let o = self.obj(obj);
        match o.typ().map(|t| (t, self.typ(t))) {
            None => false,
            Some((t, Type::Basic(b))) => {
                b.kind != BasicKind::UnsafePointer
                    && (o.pkg.is_some() || t == typ::BYTE || t == typ::RUNE)
            }
            Some((_, Type::Named(n))) => n.obj != obj,
            Some((_, Type::TypeParam(p))) => p.obj != obj,
            Some(_) => true,
        }
    }
}

impl<'s> TypeWriter<'s> {
    pub fn new(store: &'s Store, qualifier: Qualifier<'s>) -> Self {
        Self {
            store,
            qualifier,
            param_names: true,
            pkg_info: false,
            depth: 0,
            seen: Vec::new(),
            out: String::new(),
        }
    }

    fn prefix(&mut self, pkg: Option<PkgId>) {
        if let Some(pkg) = pkg {
            let prefix = (self.qualifier)(pkg);
            if !prefix.is_empty() {
                self.out.push_str(&prefix);
                self.out.push('.');
            }
        }
    }

    fn obj_name(&mut self, obj: ObjId) {
        let o = self.store.obj(obj);
        self.prefix(o.pkg);
        self.out.push_str(self.store.text(o.name));
    }

    pub fn typ(&mut self, t: TypeId) {
        let composite = !matches!(self.store.typ(t), Type::Basic(_));
        if composite && (self.seen.contains(&t) || self.depth > 200) {
            self.out.push_str("<cycle>");
            return;
        }
        self.depth += 1;
        if composite {
            self.seen.push(t);
        }
        self.write(t);
        if composite {
            self.seen.pop();
        }
        self.depth -= 1;
    }

    fn write(&mut self, t: TypeId) {
        let s = self.store;
        match s.typ(t) {
            Type::Basic(b) => {
                if b.kind == BasicKind::UnsafePointer {
                    self.prefix(Some(crate::UNSAFE));
                }
                self.out.push_str(b.name);
            }
            Type::Pointer(base) => {
                self.out.push('*');
                self.typ(*base);
            }
            Type::Slice(elem) => {
                self.out.push_str("[]");
                self.typ(*elem);
            }
            Type::Array { len, elem } => {
                self.out.push_str(&format!("[{len}]"));
                self.typ(*elem);
            }
            Type::Map { key, elem } => {
                self.out.push_str("map[");
                self.typ(*key);
                self.out.push(']');
                self.typ(*elem);
            }
            Type::Chan { dir, elem } => {
                let parens = *dir == ChanDir::Both
                    && matches!(s.typ(*elem), Type::Chan { dir: ChanDir::Recv, .. });
                self.out.push_str(match dir {
                    ChanDir::Both => "chan ",
                    ChanDir::Send => "chan<- ",
                    ChanDir::Recv => "<-chan ",
                });
                if parens {
                    self.out.push('(');
                }
                self.typ(*elem);
                if parens {
                    self.out.push(')');
                }
            }
            Type::Struct(_) => self.structure(t),
            Type::Tuple(_) => self.tuple(t, false),
            Type::Signature(sig) => {
                self.out.push_str("func");
                self.signature(sig);
            }
            Type::Union(terms) => self.terms(terms),
            Type::Interface(_) => self.interface(t),
            Type::Named(n) => {
                self.obj_name(n.obj);
                match &n.inst {
                    Some(inst) => self.type_args(&inst.outer, &inst.targs),
                    None => self.tparams(s.type_params(t)),
                }
            }
            Type::Alias(a) => {
                self.obj_name(a.obj);
                if !a.targs.is_empty() {
                    self.type_args(&[], &a.targs);
                } else {
                    self.tparams(s.type_params(t));
                }
            }
            Type::TypeParam(p) => {
                let o = s.obj(p.obj);
                let name = s.text(o.name);
                self.out.push_str(name);
                if s.universe.contains_key(&o.name) {
                    let place = o
                        .pos
                        .and_then(|p| s.position(p))
                        .map_or_else(String::new, |p| p.to_string());
                    self.out.push_str(&format!(" /* with {name} declared at {place} */"));
                }
            }
        }
    }

    fn structure(&mut self, t: TypeId) {
        let s = self.store;
        let Some(st) = s.as_struct(t) else { return };
        self.out.push_str("struct{");
        for (i, &f) in st.fields.iter().enumerate() {
            let o = s.obj(f);
            if i > 0 {
                self.out.push_str("; ");
            }
            let annotate = self.pkg_info && !s.is_exported(o.name);
            if annotate {
                self.pkg_info = false;
            }
            if !o.is_embedded() {
                self.out.push_str(s.text(o.name));
                self.out.push(' ');
            }
            self.typ(s.obj_type(f));
            if let (true, Some(pkg)) = (annotate, o.pkg) {
                self.out.push_str(&format!(" /* package {} */ ", s.pkg(pkg).path));
            }
            let tag = st.tag(i);
            if !tag.is_empty() {
                self.out.push(' ');
                self.out.push_str(&crate::constant::quote(tag));
            }
        }
        self.out.push('}');
    }

    fn interface(&mut self, t: TypeId) {
        let s = self.store;
        let Some(i) = s.as_interface(t) else { return };
        if t == s.under(typ::COMPARABLE) {
            self.out.push_str("interface{comparable}");
            return;
        }
        if i.implicit {
            if let ([], [single]) = (&*i.methods, &*i.embeddeds) {
                self.typ(*single);
                return;
            }
            self.out.push_str("/* implicit */ ");
        }
        self.out.push_str("interface{");
        let mut first = true;
        for &m in &i.methods {
            if !std::mem::take(&mut first) {
                self.out.push_str("; ");
            }
            self.out.push_str(s.obj_name(m));
            if let Some(sig) = s.as_signature(s.obj_type(m)) {
                self.signature(sig);
            }
        }
        for &e in &i.embeddeds {
            if !std::mem::take(&mut first) {
                self.out.push_str("; ");
            }
            self.typ(e);
        }
        self.out.push('}');
    }

    pub fn terms(&mut self, terms: &[Term]) {
        for (i, term) in terms.iter().enumerate() {
            if i > 0 {
                self.out.push_str(" | ");
            }
            if term.tilde {
                self.out.push('~');
            }
            self.typ(term.typ);
        }
    }

    /// The terms of a type set, for messages about types that are not in it.
    pub fn term_list(&mut self, terms: &Terms) {
        match terms {
            Terms::All => self.out.push('𝓤'),
            Terms::Listed(list) if list.is_empty() => self.out.push('∅'),
            Terms::Listed(list) => self.terms(list),
        }
    }

    /// The arguments of the enclosing function, for a local type, and the type's own, as Go's compiler writes them.
    fn type_args(&mut self, outer: &[TypeId], targs: &[TypeId]) {
        self.out.push('[');
        self.separated(outer);
        if !outer.is_empty() && !targs.is_empty() {
            self.out.push(';');
        }
        self.separated(targs);
        self.out.push(']');
    }

    fn separated(&mut self, list: &[TypeId]) {
        for (i, &t) in list.iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            self.typ(t);
        }
    }

    fn tparams(&mut self, list: &[TypeId]) {
        if list.is_empty() {
            return;
        }
        self.out.push('[');
        let mut prev = None;
        for (i, &p) in list.iter().enumerate() {
            let bound = self.store.bound(p);
            if i > 0 {
                if let Some(prev) = prev.filter(|prev| *prev != bound) {
                    self.out.push(' ');
                    self.typ(prev);
                }
                self.out.push_str(", ");
            }
            prev = Some(bound);
            self.typ(p);
        }
        if let Some(prev) = prev {
            self.out.push(' ');
            self.typ(prev);
        }
        self.out.push(']');
    }

    fn tuple(&mut self, tuple: TypeId, variadic: bool) {
        let s = self.store;
        self.out.push('(');
        let vars = s.vars(tuple);
        for (i, &v) in vars.iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            let name = s.obj_name(v);
            if !name.is_empty() && self.param_names {
                self.out.push_str(name);
                self.out.push(' ');
            }
            let t = s.obj_type(v);
            match s.typ(t) {
                Type::Slice(elem) if variadic && i + 1 == vars.len() => {
                    self.out.push_str("...");
                    self.typ(*elem);
                }
                _ => {
                    self.typ(t);
                    if variadic && i + 1 == vars.len() {
                        self.out.push_str("...");
                    }
                }
            }
        }
        self.out.push(')');
    }

    pub fn signature(&mut self, sig: &Signature) {
        let s = self.store;
        self.tparams(&sig.tparams);
        self.tuple(sig.params, sig.variadic);
        match s.vars(sig.results) {
            [] => {}
            [single] if s.obj_name(*single).is_empty() => {
                self.out.push(' ');
                self.typ(s.obj_type(*single));
            }
            _ => {
                self.out.push(' ');
                self.tuple(sig.results, false);
            }
        }
    }

    fn object(&mut self, obj: ObjId) {
        let s = self.store;
        let o = s.obj(obj);
        let t = o.typ();
        let kind = match &o.kind {
            ObjKind::PkgName(pkg) => {
                let name = s.text(o.name);
                self.out.push_str(&format!("package {name}"));
                let path = &s.pkg(*pkg).path;
                if **path != *name {
                    self.out.push_str(&format!(" ({path:?})"));
                }
                return;
            }
            ObjKind::Const(_) => "const",
            ObjKind::TypeName => match t.map(|t| s.typ(t)) {
                Some(Type::TypeParam(_)) => "type parameter",
                _ => "type",
            },
            ObjKind::Var(v) => {
                if v.kind == VarKind::Field {
                    "field"
                } else {
                    "var"
                }
            }
            ObjKind::Func(_) => "func",
            ObjKind::Label => "label",
            ObjKind::Builtin(_) => "builtin",
            ObjKind::Nil => "nil",
        };
        self.out.push_str(kind);
        if matches!(o.kind, ObjKind::Nil) {
            return;
        }
        self.out.push(' ');
        if o.order() > 0 {
            self.prefix(o.pkg);
        }
        self.out.push_str(s.text(o.name));
        let Some(t) = t else { return };
        match &o.kind {
            ObjKind::Label | ObjKind::Builtin(_) => {}
            ObjKind::Func(_) => {
                if let Some(sig) = s.as_signature(t) {
                    self.signature(sig);
                }
            }
            ObjKind::TypeName => self.type_decl(obj, t),
            _ => {
                self.out.push(' ');
                self.typ(t);
            }
        }
    }

    fn type_decl(&mut self, obj: ObjId, t: TypeId) {
        let s = self.store;
        if matches!(s.typ(t), Type::Basic(_)) {
            return;
        }
        self.tparams(s.type_params(t));
        let shown = match s.typ(t) {
            Type::Alias(a) => load(&a.rhs).unwrap_or(typ::INVALID),
            Type::TypeParam(_) => s.bound(t),
            _ => s.under(t),
        };
        self.out.push_str(if s.is_alias(obj) { " = " } else { " " });
        self.typ(shown);
    }
}
