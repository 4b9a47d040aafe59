//! What the checker finds out about a package, file by file.
//!
//! The tables are indexed by the syntax tree's expression numbers.

use crate::constant::Value;
use crate::ids::{ObjId, TypeId};
use crate::lookup::Path;
use crate::version::GoVersion;
use rustc_hash::FxHashMap;
use trigo_syntax::ast::ExprId;

/// What an expression denotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// Nothing, because of an error.
    Invalid,
    /// A call without results.
    NoValue,
    /// A built-in function.
    Builtin,
    /// A type.
    Type,
    /// A constant.
    Constant,
    /// An addressable variable.
    Variable,
    /// A map element: assignable but not addressable.
    MapIndex,
    /// A value.
    Value,
    /// Nil.
    Nil,
    /// A value with an optional second result.
    CommaOk,
}

/// A selection's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectionKind {
    /// A field of a value.
    Field,
    /// A method bound to a value.
    Method,
    /// A method of a type, as a function.
    MethodExpr,
}

/// What `x.f` selects.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Its kind.
    pub kind: SelectionKind,
    /// The type of `x`.
    pub recv: TypeId,
    /// The field or method.
    pub obj: ObjId,
    /// The embedded fields to pass, and at last the field or method: places among a struct's
    /// [fields](crate::Struct::fields), among the [methods declared](crate::Store::declared_methods) on a defined type, or
    /// among an interface's [sorted methods](crate::TypeSet::methods).
    pub path: Path,
    /// Whether a pointer is followed on the way.
    pub indirect: bool,
}

/// The instance of a generic type or function that an identifier stands for.
#[derive(Clone, Debug)]
pub struct InstanceInfo {
    /// The type arguments, given or inferred.
    pub targs: Box<[TypeId]>,
    /// The instantiated type.
    pub typ: TypeId,
}

/// One step of package initialisation: `lhs = rhs`.
#[derive(Clone, Debug)]
pub struct Initializer {
    /// The variables; several for one call with several results.
    pub lhs: Vec<ObjId>,
    /// The file of the expression, by its place among the package's files.
    pub file: u32,
    /// The expression.
    pub rhs: ExprId,
}

/// What is known about one file.
#[derive(Debug, Default)]
pub struct FileInfo {
    pub(crate) types: Vec<Option<(Mode, TypeId)>>,
    pub(crate) values: FxHashMap<ExprId, Value>,
    pub(crate) objects: Vec<Option<ObjId>>,
    /// Selections by selector expression; qualified identifiers have none.
    pub selections: FxHashMap<ExprId, Selection>,
    /// Instances by the identifier that is instantiated.
    pub instances: FxHashMap<ExprId, InstanceInfo>,
    /// Objects that no identifier declares: the variable of each type switch clause, by the clause's place in the
    /// file, which is [`List::range`](trigo_syntax::ast::List::range)'s start plus its place in the switch.
    pub clause_vars: FxHashMap<usize, ObjId>,
    /// The variables of enclosing functions that each function literal uses or assigns to, in the order in which it
    /// first does. What an inner literal captures from further out, those around it capture too. No entry for a
    /// literal that captures nothing.
    pub captures: FxHashMap<ExprId, Vec<ObjId>>,
    /// The language version the file is written in: what its `//go:build` line asks for, or else the module's
    /// ([`Config::go_version`](crate::Config)). None for the newest.
    pub version: Option<GoVersion>,
}

impl FileInfo {
    pub(crate) fn new(expressions: usize, version: Option<GoVersion>) -> Self {
        Self {
            types: vec![None; expressions],
            objects: vec![None; expressions],
            version,
            ..Self::default()
        }
    }

    /// What an expression denotes, and its type.
    pub fn typ(&self, e: ExprId) -> Option<(Mode, TypeId)> {
        self.types.get(e.index()).copied().flatten()
    }

    /// The value of a constant expression.
    pub fn value(&self, e: ExprId) -> Option<&Value> {
        self.values.get(&e)
    }

    /// The object an identifier declares or means.
    pub fn object(&self, ident: ExprId) -> Option<ObjId> {
        self.objects.get(ident.index()).copied().flatten()
    }
}

/// What is known about a package.
#[derive(Debug, Default)]
pub struct Info {
    /// Its files, in the order they were given, without those that belong to another package.
    pub files: Vec<FileInfo>,
    /// The initialisation of its variables, in order of execution. Those without a value are not in it.
    pub init_order: Vec<Initializer>,
}
