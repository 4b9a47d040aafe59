//! Declared entities.

use crate::constant::Value;
use crate::ids::{ObjId, PkgId, TypeId};
use crate::types::{load, save};
use crate::universe::Builtin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use trigo_syntax::{FilePos, Symbol};

/// What a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum VarKind {
    Package,
    Local,
    Receiver,
    Param,
    Result,
    Field,
}

/// A variable's particulars.
#[derive(Debug)]
pub struct Var {
    /// What sort of variable it is.
    pub kind: VarKind,
    /// Whether a field is embedded.
    pub embedded: bool,
    /// The generic type's field of which this is an instance's.
    pub origin: Option<ObjId>,
}

/// A function's particulars.
#[derive(Debug)]
pub struct Func {
    /// The generic type's method of which this is an instance's.
    pub origin: Option<ObjId>,
    /// The instance whose method this is.
    pub instance: Option<TypeId>,
    /// Whether it is a method in an interface literal.
    pub in_interface: bool,
    /// Whether the receiver is written as a pointer.
    pub(crate) ptr_recv: AtomicBool,
}

/// What an object is.
#[derive(Debug)]
pub enum ObjKind {
    /// An imported package's local name.
    PkgName(PkgId),
    /// A constant; its value is set when it was checked.
    Const(OnceLock<Value>),
    /// A type's name.
    TypeName,
    /// A variable.
    Var(Var),
    /// A function or method.
    Func(Func),
    /// A label.
    Label,
    /// A built-in function.
    Builtin(Builtin),
    /// The predeclared `nil`.
    Nil,
}

/// A declared entity.
#[derive(Debug)]
pub struct Object {
    /// Its name.
    pub name: Symbol,
    /// The package that declares it; none for predeclared ones.
    pub pkg: Option<PkgId>,
    /// Where it is declared; none for predeclared ones.
    pub pos: Option<FilePos>,
    /// What it is.
    pub kind: ObjKind,
    pub(crate) typ: AtomicU32,
    pub(crate) order: AtomicU32,
}

impl Object {
    pub(crate) fn new(
        kind: ObjKind,
        pos: Option<FilePos>,
        pkg: Option<PkgId>,
        name: Symbol,
        typ: Option<TypeId>,
    ) -> Self {
        let typ = AtomicU32::new(typ.map_or(0, TypeId::raw));
        Self { name, pkg, pos, kind, typ, order: AtomicU32::new(0) }
    }

    /// Its type, if that is known yet. Package names and labels have the invalid type.
    pub fn typ(&self) -> Option<TypeId> {
        load(&self.typ)
    }

    pub(crate) fn set_typ(&self, t: TypeId) {
        save(&self.typ, t);
    }

    /// Its rank among the package's objects in source order; 0 for others.
    pub fn order(&self) -> u32 {
        self.order.load(Ordering::Relaxed)
    }

    /// Its variable particulars, if it is one.
    pub fn as_var(&self) -> Option<&Var> {
        match &self.kind {
            ObjKind::Var(v) => Some(v),
            _ => None,
        }
    }

    /// Its function particulars, if it is one.
    pub fn as_func(&self) -> Option<&Func> {
        match &self.kind {
            ObjKind::Func(f) => Some(f),
            _ => None,
        }
    }

    /// Whether it is a type name.
    pub fn is_type_name(&self) -> bool {
        matches!(self.kind, ObjKind::TypeName)
    }

    /// Whether it is an embedded field.
    pub fn is_embedded(&self) -> bool {
        self.as_var().is_some_and(|v| v.embedded)
    }

    /// A constant's value; unknown for what is no constant or not checked yet.
    pub fn value(&self) -> Value {
        match &self.kind {
            ObjKind::Const(v) => v.get().cloned().unwrap_or(Value::Unknown),
            _ => Value::Unknown,
        }
    }
}
