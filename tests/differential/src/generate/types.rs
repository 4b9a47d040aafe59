//! The types that a generated program uses.

use super::Program;
use super::random::Random;
use std::fmt::Write;

/// A type, by its place in [`Types`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ty(usize);

#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// An integer type: name, bits, whether it is signed.
    Int(&'static str, u32, bool),
    /// `float64` or `float32`.
    Float(&'static str),
    Str,
    Bool,
    Slice(Ty),
    Array(usize, Ty),
    Map(Ty, Ty),
    Pointer(Ty),
    /// A named struct: name, field types. Fields are `a0`, `a1`, …
    Struct(String, Vec<Ty>),
    Func(Vec<Ty>, Ty),
    /// `pair[A, B]` of the prelude.
    Pair(Ty, Ty),
    /// The interface `shape` of the prelude.
    Shape,
    /// `any`, holding a basic value, a struct or nil.
    Any,
}

pub const INTS: [(&str, u32, bool); 10] = [
    ("int", 64, true),
    ("int8", 8, true),
    ("int16", 16, true),
    ("int32", 32, true),
    ("int64", 64, true),
    ("uint", 64, false),
    ("uint8", 8, false),
    ("uint16", 16, false),
    ("uint32", 32, false),
    ("uint64", 64, false),
];

#[derive(Default)]
pub struct Types {
    kinds: Vec<Kind>,
    structs: Vec<Ty>,
}

impl Types {
    pub fn of(&mut self, kind: Kind) -> Ty {
        if let Some(i) = self.kinds.iter().position(|k| *k == kind) {
            return Ty(i);
        }
        self.kinds.push(kind);
        Ty(self.kinds.len() - 1)
    }

    pub fn kind(&self, ty: Ty) -> &Kind {
        &self.kinds[ty.0]
    }

    pub fn int(&mut self) -> Ty {
        let (name, bits, signed) = INTS[0];
        self.of(Kind::Int(name, bits, signed))
    }

    pub fn float(&mut self) -> Ty {
        self.of(Kind::Float("float64"))
    }

    pub fn some_float(&mut self, random: &mut Random) -> Ty {
        self.of(Kind::Float(if random.chance(70) { "float64" } else { "float32" }))
    }

    pub fn name(&self, ty: Ty) -> String {
        match self.kind(ty) {
            Kind::Int(name, ..) => (*name).to_owned(),
            Kind::Float(name) => (*name).to_owned(),
            Kind::Str => "string".into(),
            Kind::Bool => "bool".into(),
            Kind::Slice(t) => format!("[]{}", self.name(*t)),
            Kind::Array(n, t) => format!("[{n}]{}", self.name(*t)),
            Kind::Map(k, v) => format!("map[{}]{}", self.name(*k), self.name(*v)),
            Kind::Pointer(t) => format!("*{}", self.name(*t)),
            Kind::Struct(name, _) => name.clone(),
            Kind::Func(params, result) => {
                let params: Vec<String> = params.iter().map(|&t| self.name(t)).collect();
                format!("func({}) {}", params.join(", "), self.name(*result))
            }
            Kind::Pair(a, b) => format!("pair[{}, {}]", self.name(*a), self.name(*b)),
            Kind::Shape => "shape".into(),
            Kind::Any => "any".into(),
        }
    }

    /// Whether `==` compiles and cannot panic.
    pub fn is_comparable(&self, ty: Ty) -> bool {
        match self.kind(ty) {
            Kind::Int(..) | Kind::Float(_) | Kind::Str | Kind::Bool => true,
            Kind::Array(_, t) => self.is_comparable(*t),
            Kind::Struct(_, fields) => fields.iter().all(|&t| self.is_comparable(t)),
            Kind::Pair(a, b) => self.is_comparable(*a) && self.is_comparable(*b),
            // What an interface holds may not be comparable, and a pointer's identity is nothing to print.
            Kind::Slice(_)
            | Kind::Map(..)
            | Kind::Func(..)
            | Kind::Pointer(_)
            | Kind::Shape
            | Kind::Any => false,
        }
    }

    /// Whether a value is shown alike wherever it is: it holds no pointers and no functions.
    pub fn is_plain(&self, ty: Ty) -> bool {
        match self.kind(ty) {
            Kind::Int(..) | Kind::Float(_) | Kind::Str | Kind::Bool => true,
            Kind::Slice(t) | Kind::Array(_, t) => self.is_plain(*t),
            Kind::Map(k, v) | Kind::Pair(k, v) => self.is_plain(*k) && self.is_plain(*v),
            Kind::Struct(_, fields) => fields.iter().all(|&t| self.is_plain(t)),
            Kind::Func(..) | Kind::Pointer(_) | Kind::Shape | Kind::Any => false,
        }
    }

    /// Whether a value may hold a function, which a function's body must not call lest it call itself.
    pub fn has_func(&self, ty: Ty) -> bool {
        match self.kind(ty) {
            Kind::Func(..) => true,
            Kind::Slice(t) | Kind::Array(_, t) | Kind::Pointer(t) => self.has_func(*t),
            Kind::Map(k, v) | Kind::Pair(k, v) => self.has_func(*k) || self.has_func(*v),
            Kind::Struct(_, fields) => fields.iter().any(|&t| self.has_func(t)),
            // A struct with a function may be in it.
            Kind::Any => true,
            Kind::Int(..) | Kind::Float(_) | Kind::Str | Kind::Bool | Kind::Shape => false,
        }
    }

    /// The struct types.
    pub fn structs(&self) -> &[Ty] {
        &self.structs
    }
}

impl Program {
    pub(super) fn declare_types(&mut self) {
        for i in 0..self.random.between(2, 4) {
            let fields: Vec<Ty> =
                (0..self.random.between(1, 5)).map(|_| self.some_type(2)).collect();
            let mut text = format!("type struct{i} struct {{");
            for (f, &ty) in fields.iter().enumerate() {
                let _ = write!(text, " a{f} {};", self.types.name(ty));
            }
            text.push_str(" }");
            self.line(&text);
            let ty = self.types.of(Kind::Struct(format!("struct{i}"), fields));
            self.types.structs.push(ty);
        }
    }

    /// A type of at most this depth.
    pub(super) fn some_type(&mut self, depth: usize) -> Ty {
        let kind = match self.random.between(0, if depth == 0 { 9 } else { 21 }) {
            0..=2 => return self.types.int(),
            3..=5 => self.int_kind(),
            6 => return self.types.some_float(&mut self.random),
            7 | 8 => Kind::Str,
            9 => Kind::Bool,
            10..=12 => Kind::Slice(self.some_type(depth - 1)),
            13 => Kind::Array(self.random.between(1, 4), self.some_type(depth - 1)),
            14 | 15 => Kind::Map(self.key_type(), self.some_type(depth - 1)),
            16 => Kind::Pair(self.some_type(depth - 1), self.some_type(depth - 1)),
            17 => Kind::Func(vec![self.some_type(0)], self.some_type(depth - 1)),
            18 => Kind::Shape,
            19 => Kind::Any,
            _ => return self.some_struct(),
        };
        self.types.of(kind)
    }

    pub(super) fn int_kind(&mut self) -> Kind {
        let &(name, bits, signed) = self.random.pick(&INTS);
        Kind::Int(name, bits, signed)
    }

    fn some_struct(&mut self) -> Ty {
        match self.types.structs.clone() {
            structs if structs.is_empty() => self.types.int(),
            structs => {
                let ty = *self.random.pick(&structs);
                if self.random.chance(30) { self.types.of(Kind::Pointer(ty)) } else { ty }
            }
        }
    }

    fn key_type(&mut self) -> Ty {
        let int = self.types.int();
        let kind = match self.random.between(0, 5) {
            0 | 1 => Kind::Str,
            2 => self.int_kind(),
            3 => Kind::Array(2, int),
            4 => Kind::Pair(int, int),
            _ => return int,
        };
        self.types.of(kind)
    }

    /// Writes `hashN`, which folds a value of the type into a hash, for every type there is.
    pub(super) fn write_hashes(&mut self) {
        let mut i = 0;
        // Writing one may add types.
        while i < self.types.kinds.len() {
            let ty = Ty(i);
            let name = self.types.name(ty);
            self.line(&format!("func hash{i}(h uint64, x {name}) uint64 {{"));
            let body = self.hash_body(ty);
            self.line(&format!("\t{body}"));
            self.line("}");
            i += 1;
        }
    }

    pub(super) fn hash(&self, ty: Ty, h: &str, x: &str) -> String {
        format!("hash{}({h}, {x})", ty.0)
    }

    fn hash_body(&mut self, ty: Ty) -> String {
        let hash = |p: &Self, t, x: &str| p.hash(t, "h", x);
        match self.types.kind(ty).clone() {
            Kind::Int(..) => "return mix(h, uint64(x))".into(),
            Kind::Float(_) => "if x != x { return mix(h, 1) }; if x > 1e15 || x < -1e15 { return mix(h, 2) }; return mix(h, uint64(int64(x*1024)))".into(),
            Kind::Str => "h = mix(h, uint64(len(x))); for i := range len(x) { h = mix(h, uint64(x[i])) }; return h".into(),
            Kind::Bool => "if x { return mix(h, 3) }; return mix(h, 4)".into(),
            Kind::Slice(t) => format!("if x == nil {{ return mix(h, 5) }}; for _, e := range x {{ h = {} }}; return mix(h, uint64(len(x)))", hash(self, t, "e")),
            Kind::Array(_, t) => format!("for _, e := range x {{ h = {} }}; return h", hash(self, t, "e")),
            Kind::Map(k, v) => format!("var sum uint64; for k, v := range x {{ sum += {} }}; return mix(h, sum+uint64(len(x)))", self.hash(v, &self.hash(k, "7", "k"), "v")),
            Kind::Pointer(t) => format!("if x == nil {{ return mix(h, 6) }}; return {}", hash(self, t, "*x")),
            Kind::Struct(_, fields) => {
                let mut text = String::new();
                for (i, &t) in fields.iter().enumerate() {
                    let _ = write!(text, "h = {}; ", hash(self, t, &format!("x.a{i}")));
                }
                text + "return h"
            }
            Kind::Func(params, result) => {
                let args: Vec<String> = params.iter().map(|&t| format!("*new({})", self.types.name(t))).collect();
                format!("if x == nil {{ return mix(h, 7) }}; return {}", hash(self, result, &format!("x({})", args.join(", "))))
            }
            Kind::Pair(a, b) => format!("h = {}; return {}", hash(self, a, "x.first"), hash(self, b, "x.second")),
            Kind::Shape => {
                let string = self.types.of(Kind::Str);
                format!("if x == nil {{ return mix(h, 8) }}; return mix({}, uint64(x.area()))", hash(self, string, "x.name()"))
            }
            Kind::Any => {
                let (int, string) = (self.types.int(), self.types.of(Kind::Str));
                let mut text = format!("switch x := x.(type) {{ case nil: return mix(h, 9); case int: return {}; case string: return {}; case shape: return mix(h, uint64(x.area()))", hash(self, int, "x"), hash(self, string, "x"));
                for ty in self.types.structs.clone() {
                    let _ = write!(text, "; case {}: return {}", self.types.name(ty), hash(self, ty, "x"));
                }
                text + " }; return mix(h, 10)"
            }
        }
    }
}
