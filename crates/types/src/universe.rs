//! Predeclared types, constants and functions, and package unsafe.

use crate::constant::Value;
use crate::ids::{ObjId, PkgId, TypeId};
use crate::object::{Func, ObjKind, Object, Var, VarKind};
use crate::store::{Package, Store};
use crate::types::{Basic, BasicKind, Interface, Signature, Type, info, save};
use crate::typeset::TypeSet;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use trigo_syntax::{Symbol, sym};

/// The ids of predeclared types, the same in every store.
#[allow(missing_docs)]
pub mod typ {
    use crate::ids::TypeId;

    pub const INVALID: TypeId = TypeId::from_index(0);
    pub const BOOL: TypeId = TypeId::from_index(1);
    pub const INT: TypeId = TypeId::from_index(2);
    pub const UINT: TypeId = TypeId::from_index(7);
    pub const UINTPTR: TypeId = TypeId::from_index(12);
    pub const FLOAT32: TypeId = TypeId::from_index(13);
    pub const FLOAT64: TypeId = TypeId::from_index(14);
    pub const COMPLEX64: TypeId = TypeId::from_index(15);
    pub const COMPLEX128: TypeId = TypeId::from_index(16);
    pub const STRING: TypeId = TypeId::from_index(17);
    pub const UNSAFE_POINTER: TypeId = TypeId::from_index(18);
    pub const UNTYPED_BOOL: TypeId = TypeId::from_index(19);
    pub const UNTYPED_INT: TypeId = TypeId::from_index(20);
    pub const UNTYPED_RUNE: TypeId = TypeId::from_index(21);
    pub const UNTYPED_FLOAT: TypeId = TypeId::from_index(22);
    pub const UNTYPED_COMPLEX: TypeId = TypeId::from_index(23);
    pub const UNTYPED_STRING: TypeId = TypeId::from_index(24);
    pub const UNTYPED_NIL: TypeId = TypeId::from_index(25);
    pub const BYTE: TypeId = TypeId::from_index(26);
    pub const RUNE: TypeId = TypeId::from_index(27);
    /// The tuple without variables.
    pub const EMPTY_TUPLE: TypeId = TypeId::from_index(28);
    /// `interface{}`
    pub const EMPTY_INTERFACE: TypeId = TypeId::from_index(29);
    /// `any`, an alias for the empty interface.
    pub const ANY: TypeId = TypeId::from_index(30);
    /// `error`
    pub const ERROR: TypeId = TypeId::from_index(31);
    /// `comparable`
    pub const COMPARABLE: TypeId = TypeId::from_index(32);
    /// `[]byte`
    pub const BYTES: TypeId = TypeId::from_index(33);
    /// A function type without parameters and results.
    pub const EMPTY_FUNC: TypeId = TypeId::from_index(34);
}

/// The id of package unsafe, the same in every store.
pub const UNSAFE: PkgId = PkgId::from_index(0);

#[rustfmt::skip]
const BASICS: [(BasicKind, u8, &str); 28] = {
    use BasicKind::*;
    use info::*;
    [
        (Invalid, 0, "invalid type"), (Bool, BOOLEAN, "bool"),
        (Int, INTEGER, "int"), (Int8, INTEGER, "int8"), (Int16, INTEGER, "int16"), (Int32, INTEGER, "int32"),
        (Int64, INTEGER, "int64"), (Uint, INTEGER | UNSIGNED, "uint"), (Uint8, INTEGER | UNSIGNED, "uint8"),
        (Uint16, INTEGER | UNSIGNED, "uint16"), (Uint32, INTEGER | UNSIGNED, "uint32"),
        (Uint64, INTEGER | UNSIGNED, "uint64"), (Uintptr, INTEGER | UNSIGNED, "uintptr"),
        (Float32, FLOAT, "float32"), (Float64, FLOAT, "float64"),
        (Complex64, COMPLEX, "complex64"), (Complex128, COMPLEX, "complex128"),
        (String, STRING, "string"), (UnsafePointer, 0, "Pointer"),
        (UntypedBool, BOOLEAN | UNTYPED, "untyped bool"), (UntypedInt, INTEGER | UNTYPED, "untyped int"),
        (UntypedRune, INTEGER | UNTYPED, "untyped rune"), (UntypedFloat, FLOAT | UNTYPED, "untyped float"),
        (UntypedComplex, COMPLEX | UNTYPED, "untyped complex"), (UntypedString, STRING | UNTYPED, "untyped string"),
        (UntypedNil, UNTYPED, "untyped nil"),
        (Uint8, INTEGER | UNSIGNED, "byte"), (Int32, INTEGER, "rune"),
    ]
};

/// How a call of a built-in function may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExprClass {
    /// A conversion: not a statement.
    Conversion,
    /// A value: not a statement.
    Expression,
    /// May stand alone.
    Statement,
}

/// The built-in functions, those of package unsafe included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Builtin {
    Append,
    Cap,
    Clear,
    Close,
    Complex,
    Copy,
    Delete,
    Imag,
    Len,
    Make,
    Max,
    Min,
    New,
    Panic,
    Print,
    Println,
    Real,
    Recover,
    Add,
    Alignof,
    Offsetof,
    Sizeof,
    Slice,
    SliceData,
    String,
    StringData,
    /// Only in test mode: reports a false constant.
    Assert,
    /// Only in test mode: accepts anything.
    Trace,
}

/// Name, least number of arguments, whether more are allowed, and use of a built-in function.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinInfo {
    /// The function.
    pub id: Builtin,
    /// Its name.
    pub name: &'static str,
    /// The least number of arguments.
    pub args: usize,
    /// Whether more arguments are allowed.
    pub variadic: bool,
    /// How a call may be used.
    pub class: ExprClass,
}

const fn builtin(
    id: Builtin,
    name: &'static str,
    args: usize,
    variadic: bool,
    class: ExprClass,
) -> BuiltinInfo {
    BuiltinInfo { id, name, args, variadic, class }
}

static BUILTINS: [BuiltinInfo; 28] = {
    use Builtin as B;
    use ExprClass::{Expression as E, Statement as S};
    [
        builtin(B::Append, "append", 1, true, E),
        builtin(B::Cap, "cap", 1, false, E),
        builtin(B::Clear, "clear", 1, false, S),
        builtin(B::Close, "close", 1, false, S),
        builtin(B::Complex, "complex", 2, false, E),
        builtin(B::Copy, "copy", 2, false, S),
        builtin(B::Delete, "delete", 2, false, S),
        builtin(B::Imag, "imag", 1, false, E),
        builtin(B::Len, "len", 1, false, E),
        builtin(B::Make, "make", 1, true, E),
        builtin(B::Max, "max", 1, true, E),
        builtin(B::Min, "min", 1, true, E),
        builtin(B::New, "new", 1, false, E),
        builtin(B::Panic, "panic", 1, false, S),
        builtin(B::Print, "print", 0, true, S),
        builtin(B::Println, "println", 0, true, S),
        builtin(B::Real, "real", 1, false, E),
        builtin(B::Recover, "recover", 0, false, S),
        builtin(B::Add, "Add", 2, false, E),
        builtin(B::Alignof, "Alignof", 1, false, E),
        builtin(B::Offsetof, "Offsetof", 1, false, E),
        builtin(B::Sizeof, "Sizeof", 1, false, E),
        builtin(B::Slice, "Slice", 2, false, E),
        builtin(B::SliceData, "SliceData", 1, false, E),
        builtin(B::String, "String", 2, false, E),
        builtin(B::StringData, "StringData", 1, false, E),
        builtin(B::Assert, "assert", 1, false, S),
        builtin(B::Trace, "trace", 0, true, S),
    ]
};

impl Builtin {
    /// The function's particulars.
    pub fn info(self) -> &'static BuiltinInfo {
        &BUILTINS[self as usize]
    }

    fn scope(self) -> BuiltinScope {
        match self as u8 {
            b if b < Builtin::Add as u8 => BuiltinScope::Universe,
            b if b < Builtin::Assert as u8 => BuiltinScope::Unsafe,
            _ => BuiltinScope::Tests,
        }
    }
}

#[derive(PartialEq)]
enum BuiltinScope {
    Universe,
    Unsafe,
    Tests,
}

/// Fills a new store with everything predeclared.
pub(crate) fn declare(store: &mut Store, test_functions: bool) {
    let mut unsafe_scope = rustc_hash::FxHashMap::default();
    store.packages.push(Package::new("unsafe".into(), sym::UNSAFE));
    declare_types(store);
    let pointer =
        Object::new(ObjKind::TypeName, None, Some(UNSAFE), sym::POINTER, Some(typ::UNSAFE_POINTER));
    unsafe_scope.insert(sym::POINTER, store.new_object(pointer));
    for (name, t, value) in [
        (sym::TRUE, typ::UNTYPED_BOOL, Value::Bool(true)),
        (sym::FALSE, typ::UNTYPED_BOOL, Value::Bool(false)),
        (sym::IOTA, typ::UNTYPED_INT, Value::Int(0)),
    ] {
        define(store, ObjKind::Const(OnceLock::from(value)), name, t);
    }
    define(store, ObjKind::Nil, sym::NIL, typ::UNTYPED_NIL);
    for b in &BUILTINS {
        let name = store.interner().intern(b.name);
        let kind = ObjKind::Builtin(b.id);
        match b.id.scope() {
            BuiltinScope::Unsafe => {
                let object = Object::new(kind, None, Some(UNSAFE), name, Some(typ::INVALID));
                unsafe_scope.insert(name, store.new_object(object));
            }
            BuiltinScope::Tests if !test_functions => {}
            _ => {
                define(store, kind, name, typ::INVALID);
            }
        }
    }
    store.finish_package(UNSAFE, unsafe_scope, Vec::new());
}

fn define(store: &mut Store, kind: ObjKind, name: Symbol, t: TypeId) -> ObjId {
    let id = store.new_object(Object::new(kind, None, None, name, Some(t)));
    store.universe.insert(name, id);
    id
}

/// Makes the predeclared types, in the order of the ids in [`typ`].
fn declare_types(store: &mut Store) {
    for (kind, info, name) in BASICS {
        let id = store.new_type(Type::Basic(Basic { kind, info, name }));
        if info & info::UNTYPED == 0 && id != typ::INVALID && id != typ::UNSAFE_POINTER {
            let name = store.interner().intern(name);
            define(store, ObjKind::TypeName, name, id);
        }
    }
    store.new_type(Type::Tuple(Box::new([])));
    store.new_type(Type::Interface(Box::new(Interface::new(Vec::new(), Vec::new(), false))));
    let any = define(store, ObjKind::TypeName, sym::ANY, typ::ANY);
    if let Type::Alias(alias) = store.typ(store.new_alias(any, None, Box::new([]), &[])) {
        save(&alias.rhs, typ::EMPTY_INTERFACE);
    }
    let error = define(store, ObjKind::TypeName, sym::ERROR, typ::ERROR);
    store.new_named(error, &[]);
    let comparable = define(store, ObjKind::TypeName, sym::COMPARABLE, typ::COMPARABLE);
    store.new_named(comparable, &[]);
    store.slice(typ::BYTE);
    let plain = |results| Signature {
        tparams: Box::new([]),
        rparams: Box::new([]),
        recv: None,
        params: typ::EMPTY_TUPLE,
        results,
        variadic: false,
    };
    let func = store.signature(plain(typ::EMPTY_TUPLE));
    debug_assert_eq!(func, typ::EMPTY_FUNC, "predeclared types are numbered as `typ` says");

    let result = Var { kind: VarKind::Result, embedded: false, origin: None };
    let unnamed = store.interner().intern("");
    let result =
        store.new_object(Object::new(ObjKind::Var(result), None, None, unnamed, Some(typ::STRING)));
    let signature = store.signature(plain(store.tuple(vec![result])));
    let func =
        Func { origin: None, instance: None, in_interface: true, ptr_recv: AtomicBool::new(false) };
    let method = Object::new(ObjKind::Func(func), None, None, sym::ERROR_METHOD, Some(signature));
    let method = store.new_object(method);
    store.set_rhs(typ::ERROR, store.interface(vec![method], Vec::new(), false));
    let iface = Interface::new(Vec::new(), Vec::new(), false);
    let _ = iface.type_set.set(TypeSet { comparable: true, ..TypeSet::all() });
    store.set_rhs(typ::COMPARABLE, store.new_type(Type::Interface(Box::new(iface))));
}
