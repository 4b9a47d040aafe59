//! Identifiers and type expressions (spec: Types).

use super::Checker;
use super::operand::{Mode, Operand};
use crate::constant::Kind;
use crate::ids::TypeId;
use crate::object::ObjKind;
use crate::types::{ChanDir, Type};
use crate::typeset::TypeSet;
use crate::universe::typ;
use trigo_syntax::ast::{self, ExprId, ExprKind, List};
use trigo_syntax::token::Op;
use trigo_syntax::{FilePos, Symbol, sym};

impl<'a> Checker<'a> {
    /// What an identifier denotes. With `want_type` only types will do.
    pub(super) fn ident(&mut self, e: ExprId, name: Symbol, want_type: bool) -> Operand {
        let mut x = Operand::invalid(e);
        let s = self.s;
        let Some((scope, obj)) = self.lookup_scope(name) else {
            let text = s.text(name);
            if name == sym::BLANK {
                self.error_expr(e, "cannot use _ as value or type");
            } else if is_valid_name(text) {
                self.error_expr(e, format!("undefined: {text}"));
            }
            return x;
        };
        if scope.is_none() && matches!(name, sym::ANY | sym::COMPARABLE) {
            let at = self.start(e);
            if !self.verify_version(at, 18, |c| format!("predeclared {}", c.s.text(name))) {
                return x;
            }
        }
        self.record_object(e, obj);
        let o = s.obj(obj);
        let is_type = o.is_type_name();
        if !is_type && want_type {
            self.error_expr(e, format!("{} ({}) is not a type", s.text(name), s.object_kind(obj)));
            if o.as_var().is_some() {
                self.used.insert(obj);
            }
            return x;
        }
        let own = o.pkg == Some(self.pkg);
        if o.typ().is_none() || is_type && want_type && own {
            self.obj_decl(obj);
        }
        let t = o.typ().unwrap_or(typ::INVALID);
        if let Some(scope) = scope
            && let Some(&pkg_name) = self.dot_imports.get(&(scope, name))
        {
            self.used.insert(pkg_name);
        }
        match &o.kind {
            ObjKind::PkgName(_) => {
                self.error_expr(e, format!("use of package {} not in selector", s.text(name)));
                return x;
            }
            ObjKind::Const(_) => {
                self.add_dep(obj);
                if !s.is_valid(t) {
                    return x;
                }
                if scope.is_none() && name == sym::IOTA {
                    match &self.env.iota {
                        Some(iota) => x.val = iota.clone(),
                        None => {
                            self.error_expr(e, "cannot use iota outside constant declaration");
                            return x;
                        }
                    }
                } else {
                    x.val = o.value();
                }
                x.mode = Mode::Constant;
            }
            ObjKind::TypeName => x.mode = Mode::Type,
            ObjKind::Var(_) => {
                if own {
                    self.used.insert(obj);
                    self.record_capture(obj, scope);
                }
                self.add_dep(obj);
                if !s.is_valid(t) {
                    return x;
                }
                x.mode = Mode::Variable;
            }
            ObjKind::Func(_) => {
                self.add_dep(obj);
                x.mode = Mode::Value;
            }
            ObjKind::Builtin(id) => {
                x.id = *id;
                x.mode = Mode::Builtin;
            }
            ObjKind::Nil => x.mode = Mode::Nil,
            ObjKind::Label => {}
        }
        x.typ = t;
        x
    }

    /// A type expression.
    pub(super) fn typ(&mut self, e: ExprId) -> TypeId {
        self.declared_type(e)
    }

    /// A type expression for a variable, which must not be a constraint.
    pub(super) fn var_type(&mut self, e: ExprId) -> TypeId {
        let t = self.declared_type(e);
        self.valid_var_type(e, t);
        t
    }

    pub(super) fn valid_var_type(&mut self, e: ExprId, t: TypeId) {
        // Only interfaces and what is not complete yet need a closer look.
        match self.s.typ(t) {
            Type::Named(_) | Type::Alias(_) | Type::Interface(_) if !self.s.is_type_param(t) => {}
            _ => return,
        }
        self.later(move |c| {
            let under = c.s.under(t);
            if !matches!(c.s.typ(under), Type::Interface(_)) {
                return;
            }
            let set: &TypeSet = c.s.type_set(under);
            if set.is_method_set() {
                return;
            }
            let why = match set.comparable {
                true => "interface is (or embeds) comparable",
                false => "interface contains type constraints",
            };
            let message = format!("cannot use type {} outside a type constraint: {why}", c.ts(t));
            let at = Some(c.start(e));
            c.soft_error(at, message);
        });
    }

    /// A type expression that is complete: a generic type must be instantiated.
    pub(super) fn declared_type(&mut self, e: ExprId) -> TypeId {
        let mut t = self.deep(|c| c.type_expr(e));
        if self.s.is_generic(t) {
            let text = self.ts(t);
            self.error_expr(e, format!("cannot use generic type {text} without instantiation"));
            t = typ::INVALID;
        }
        self.record_type(e, Mode::Type, t, None);
        t
    }

    /// A type expression that must be generic, and why it is not.
    pub(super) fn generic_type(&mut self, e: ExprId, cause: &mut String) -> TypeId {
        let mut t = self.deep(|c| c.type_expr(e));
        if self.s.is_valid(t) && !self.s.is_generic(t) {
            *cause = format!("{} is not a generic type", self.ts(t));
            t = typ::INVALID;
        }
        self.record_type(e, Mode::Type, t, None);
        t
    }

    fn type_operand(&mut self, x: Operand) -> TypeId {
        match x.mode {
            Mode::Type => return x.typ,
            Mode::Invalid => {}
            Mode::NoValue => {
                let text = self.op_string(&x);
                self.error_op(&x, format!("{text} used as type"));
            }
            _ => {
                let text = self.op_string(&x);
                self.error_op(&x, format!("{text} is not a type"));
            }
        }
        typ::INVALID
    }

    fn not_a_type(&mut self, e: ExprId) -> TypeId {
        let text = self.es(e);
        self.error_expr(e, format!("{text} is not a type"));
        self.use_expr(e);
        typ::INVALID
    }

    fn type_expr(&mut self, e: ExprId) -> TypeId {
        let file = self.file();
        match file[e].kind {
            ExprKind::Bad => typ::INVALID,
            ExprKind::Name(name) => {
                let x = self.ident(e, name, true);
                self.type_operand(x)
            }
            ExprKind::Selector { .. } => {
                let x = self.selector(e, true);
                self.type_operand(x)
            }
            ExprKind::Index { x, args, .. } => {
                let at = self.start(e);
                self.verify_version(at, 18, |_| "type instantiation".into());
                self.instantiated_type(x, args)
            }
            ExprKind::Paren(x) => self.declared_type(x),
            ExprKind::Array { len: Some(len), elem } => {
                let len = self.array_length(len);
                let elem = self.var_type(elem);
                len.map_or(typ::INVALID, |len| self.s.array(len, elem))
            }
            ExprKind::Array { len: None, elem } => {
                self.error_expr(e, "invalid use of [...] array (outside a composite literal)");
                self.var_type(elem);
                typ::INVALID
            }
            ExprKind::SliceType { elem } => {
                let elem = self.var_type(elem);
                self.s.slice(elem)
            }
            ExprKind::Variadic { .. } => {
                self.error_expr(e, "invalid use of ...");
                typ::INVALID
            }
            ExprKind::Struct { fields, .. } => self.struct_type(fields),
            ExprKind::Unary { op: Op::Mul, x } => {
                let base = self.var_type(x);
                if self.s.is_valid(base) { self.s.pointer(base) } else { typ::INVALID }
            }
            ExprKind::Func { .. } => self.func_type(None, None, List::EMPTY, e).0,
            ExprKind::Interface { elems, .. } => self.interface_type(elems),
            ExprKind::Map { key, value } => self.map_type(key, value),
            ExprKind::Chan { dir, elem } => {
                let dir = match dir {
                    ast::ChanDir::Both => ChanDir::Both,
                    ast::ChanDir::Send => ChanDir::Send,
                    ast::ChanDir::Recv => ChanDir::Recv,
                };
                let elem = self.var_type(elem);
                self.s.chan(dir, elem)
            }
            _ => self.not_a_type(e),
        }
    }

    fn map_type(&mut self, key_expr: ExprId, value: ExprId) -> TypeId {
        let key = self.var_type(key_expr);
        let elem = self.var_type(value);
        self.later(move |c| {
            if !c.s.is_comparable(key) {
                let why =
                    if c.s.is_type_param(key) { " (missing comparable constraint)" } else { "" };
                let text = c.ts(key);
                c.error_expr(key_expr, format!("invalid map key type {text}{why}"));
            }
        });
        self.s.map(key, elem)
    }

    /// An instantiated type `x[args]`.
    fn instantiated_type(&mut self, x: ExprId, args: List<ExprId>) -> TypeId {
        let mut cause = String::new();
        let generic = self.generic_type(x, &mut cause);
        let list = &self.file()[args];
        if !cause.is_empty() {
            let args: Vec<String> = list.iter().map(|&a| self.es(a)).collect();
            let message =
                format!("invalid operation: {}[{}] ({cause})", self.es(x), args.join(", "));
            self.error_expr(x, message);
        }
        if !self.s.is_valid(generic) {
            return generic;
        }
        let Some(targs) = self.type_list(list) else {
            return typ::INVALID;
        };
        let pos = self.pos(x);
        let is_alias = matches!(self.s.typ(generic), Type::Alias(_));
        let count = self.s.type_params(generic).len();
        if is_alias && !self.validate_targs(pos, generic, count, targs.len()) {
            return typ::INVALID;
        }
        let inst = self.instance(generic, &targs);
        self.inst_pos.entry(inst).or_insert(pos);
        let places: Vec<FilePos> = list.iter().map(|&a| self.start(a)).collect();
        self.later(move |c| {
            c.record_instance(x, &targs, inst);
            let tparams = c.s.type_params(generic);
            if c.validate_targs(pos, generic, tparams.len(), targs.len()) {
                c.verify_instance(pos, tparams, &targs, &places);
            }
        });
        inst
    }

    /// The instance of a generic defined type or alias.
    pub(super) fn instance(&mut self, generic: TypeId, targs: &[TypeId]) -> TypeId {
        match self.s.typ(generic) {
            Type::Named(_) => self.s.named_instance(generic, targs),
            Type::Alias(_) => self.s.alias_instance(generic, targs),
            _ => typ::INVALID,
        }
    }

    fn validate_targs(&mut self, pos: FilePos, generic: TypeId, want: usize, got: usize) -> bool {
        let how = match got {
            _ if got < want => "not enough",
            _ if got > want => "too many",
            _ => return true,
        };
        let name = self.s.type_obj(generic).map_or("", |o| self.s.obj_name(o));
        self.error_at(
            pos,
            format!("{how} type arguments for type {name}: have {got}, want {want}"),
        );
        false
    }

    fn array_length(&mut self, e: ExprId) -> Option<i64> {
        if let ExprKind::Name(name) = self.file()[e].kind {
            let text = self.s.text(name);
            match self.lookup_name(name) {
                None => {
                    self.error_expr(
                        e,
                        format!("undefined array length {text} or missing type constraint"),
                    );
                    return None;
                }
                Some(obj) if !matches!(self.s.obj(obj).kind, ObjKind::Const(_)) => {
                    self.error_expr(e, format!("invalid array length {text}"));
                    return None;
                }
                _ => {}
            }
        }
        let x = self.expr(None, e);
        if !x.is_const() {
            if x.is_valid() {
                let text = self.op_string(&x);
                self.error_op(&x, format!("array length {text} must be constant"));
            }
            return None;
        }
        if self.s.is_untyped(x.typ) || self.s.is_integer(x.typ) {
            let val = x.val.to_int();
            if val.kind() == Kind::Int
                && let Some(n) = val.as_i64().filter(|n| *n >= 0)
            {
                return Some(n);
            }
        }
        let text = self.op_string(&x);
        let message = match self.s.is_integer(x.typ) {
            true => format!("invalid array length {text}"),
            false => format!("array length {text} must be integer"),
        };
        self.error_op(&x, message);
        None
    }

    /// Type arguments; none if one of them is invalid.
    pub(super) fn type_list(&mut self, list: &[ExprId]) -> Option<Vec<TypeId>> {
        let types: Vec<TypeId> = list.iter().map(|&e| self.var_type(e)).collect();
        types.iter().all(|&t| self.s.is_valid(t)).then_some(types)
    }
}

/// Whether a name is one the scanner accepts.
pub(super) fn is_valid_name(name: &str) -> bool {
    name.chars().enumerate().all(|(i, c)| c == '_' || c.is_alphabetic() || i > 0 && c.is_numeric())
}
