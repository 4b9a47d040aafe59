//! Expressions of a wanted type, without side effects and without panics.

use super::types::{Kind, Ty};
use super::{Program, Var};

/// An expression, and whether Go evaluates it while compiling.
struct Expr {
    text: String,
    is_const: bool,
}

fn varying(text: String) -> Expr {
    Expr { text, is_const: false }
}

fn constant(text: String) -> Expr {
    Expr { text, is_const: true }
}

const STRINGS: [&str; 8] = [
    "\"\"",
    "\"a\"",
    "\"hello\"",
    "\"\\x00\\xff\"",
    "\"héllo, 世界\"",
    "\"a\\tb\"",
    "`raw\\n`",
    "\"zz\"",
];

impl Program {
    /// An expression of a type, nested at most `depth` deep.
    pub(super) fn expr(&mut self, ty: Ty, depth: usize) -> String {
        self.any_expr(ty, depth).text
    }

    /// One that Go does not evaluate while compiling.
    pub(super) fn operand(&mut self, ty: Ty, depth: usize) -> String {
        let e = self.any_expr(ty, depth);
        if e.is_const { format!("id({})", e.text) } else { e.text }
    }

    fn any_expr(&mut self, ty: Ty, depth: usize) -> Expr {
        if self.random.chance(if depth == 0 { 70 } else { 35 })
            && let Some(text) = self.reach(ty)
        {
            return varying(text);
        }
        if depth > 0 && self.random.chance(12) {
            return varying(self.through_call(ty, depth - 1));
        }
        match self.types.kind(ty).clone() {
            Kind::Int(name, bits, signed) => self.int_expr(ty, name, bits, signed, depth),
            Kind::Float(name) => self.float_expr(ty, name, depth),
            Kind::Str => self.string_expr(ty, depth),
            Kind::Bool => self.bool_expr(ty, depth),
            _ => varying(self.composite(ty, depth)),
        }
    }

    /// A variable of the type, or a part of one.
    fn reach(&mut self, ty: Ty) -> Option<String> {
        if let Some(v) = self.some_var(|v| v.ty == ty)
            && self.random.chance(70)
        {
            return Some(v.name);
        }
        let vars = self.vars(|_| true);
        let mut parts: Vec<String> = Vec::new();
        for v in vars {
            self.parts(&v, ty, &mut parts);
        }
        (!parts.is_empty()).then(|| self.random.pick(&parts).clone())
    }

    fn parts(&mut self, v: &Var, ty: Ty, out: &mut Vec<String>) {
        let name = &v.name;
        match self.types.kind(v.ty).clone() {
            Kind::Slice(t) if t == ty && v.min_len > 0 => {
                let i = self.random.between(0, v.min_len - 1);
                out.push(format!("{name}[{i}]"));
            }
            Kind::Slice(t) if t == ty => {
                let i = self.random.between(0, 5);
                out.push(format!("get({name}, {i})"));
            }
            Kind::Array(n, t) if t == ty => {
                let i = self.random.between(0, n - 1);
                out.push(format!("{name}[{i}]"));
            }
            Kind::Map(k, t) if t == ty => {
                let i = self.random.between(0, 4);
                let key = self.key(k, i);
                out.push(format!("{name}[{key}]"));
            }
            Kind::Struct(_, fields) => {
                let fields = fields.iter().enumerate().filter(|(_, t)| **t == ty);
                out.extend(fields.map(|(i, _)| format!("{name}.a{i}")));
            }
            Kind::Pair(a, b) => {
                if a == ty {
                    out.push(format!("{name}.first"));
                }
                if b == ty {
                    out.push(format!("{name}.swap().first"));
                }
            }
            _ => {}
        }
    }

    /// A call that gives the type.
    fn through_call(&mut self, ty: Ty, depth: usize) -> String {
        let callees: Vec<_> = self.pure.iter().filter(|c| c.result == ty).cloned().collect();
        if !callees.is_empty() && self.loops < 2 && self.random.chance(50) {
            let callee = self.random.pick(&callees).clone();
            let args: Vec<String> = callee.params.iter().map(|&t| self.expr(t, depth)).collect();
            return format!("{}({})", callee.name, args.join(", "));
        }
        if let Some(f) = self.some_var(|_| true)
            && let Kind::Func(params, result) = self.types.kind(f.ty).clone()
            && result == ty
        {
            let args: Vec<String> = params.iter().map(|&t| self.expr(t, depth)).collect();
            let zero = self.expr(ty, 0);
            let name = self.types.name(ty);
            let (f, args) = (f.name, args.join(", "));
            return format!(
                "func() {name} {{ if {f} != nil {{ return {f}({args}) }}; return {zero} }}()"
            );
        }
        // A literal that is called at once.
        let param = self.some_type(1);
        let p = self.fresh("x");
        let arg = self.expr(param, depth);
        let bool_type = self.types.of(Kind::Bool);
        let was = std::mem::replace(&mut self.in_literal, true);
        self.scopes.push(vec![Var { name: p.clone(), ty: param, mutable: false, min_len: 0 }]);
        let (cond, a, b) =
            (self.operand(bool_type, depth), self.expr(ty, depth), self.expr(ty, depth));
        self.scopes.pop();
        self.in_literal = was;
        let (param, result) = (self.types.name(param), self.types.name(ty));
        format!("func({p} {param}) {result} {{ if {cond} {{ return {a} }}; return {b} }}({arg})")
    }

    fn int_literal(&mut self, name: &str, bits: u32, signed: bool) -> Expr {
        let max = if signed { (1u128 << (bits - 1)) - 1 } else { (1u128 << bits) - 1 };
        let value = match self.random.between(0, 5) {
            0 => max,
            1 => max / 3,
            _ => u128::from(self.random.next() % 20),
        };
        let sign = if signed && self.random.chance(30) { "-" } else { "" };
        constant(format!("{name}({sign}{value})"))
    }

    fn int_expr(&mut self, ty: Ty, name: &str, bits: u32, signed: bool, depth: usize) -> Expr {
        if depth == 0 {
            return self.int_literal(name, bits, signed);
        }
        let d = depth - 1;
        varying(match self.random.between(0, 11) {
            0..=3 => {
                let op = *self.random.pick(&["+", "-", "*", "&", "|", "^", "&^"]);
                format!("({} {op} {})", self.operand(ty, d), self.expr(ty, d))
            }
            4 => {
                let kind = self.int_kind();
                let count = self.types.of(kind.clone());
                let op = *self.random.pick(&["<<", ">>"]);
                let mask = match kind {
                    Kind::Int(_, _, true) => " & 31",
                    _ => "",
                };
                format!("({} {op} ({}{mask}))", self.operand(ty, d), self.operand(count, d))
            }
            5 => {
                let f = *self.random.pick(&["div", "rem"]);
                format!("{f}({}, {})", self.operand(ty, d), self.operand(ty, d))
            }
            6 => {
                let op = *self.random.pick(&["/", "%"]);
                let by = *self.random.pick(&["1", "2", "3", "7", "10", "16", "100"]);
                format!("({} {op} {by})", self.operand(ty, d))
            }
            7 => {
                let op = *self.random.pick(&["-", "^", "+"]);
                format!("({op}{})", self.operand(ty, d))
            }
            8 => {
                let kind = self.int_kind();
                let other = self.types.of(kind);
                format!("{name}({})", self.operand(other, d))
            }
            9 => {
                let f = *self.random.pick(&["min", "max"]);
                format!("{f}({}, {})", self.operand(ty, d), self.expr(ty, d))
            }
            10 => {
                let float = self.types.some_float(&mut self.random);
                format!("{name}(whole(float64({})))", self.operand(float, d))
            }
            _ => match self.some_var(|_| true) {
                Some(v) => match self.types.kind(v.ty) {
                    Kind::Slice(_) | Kind::Map(..) | Kind::Str => {
                        format!("{name}(len({}))", v.name)
                    }
                    Kind::Shape => format!("{name}(areaOf({}))", v.name),
                    _ => self.operand(ty, d),
                },
                None => self.operand(ty, d),
            },
        })
    }

    fn float_expr(&mut self, ty: Ty, name: &str, depth: usize) -> Expr {
        if depth == 0 {
            let text = *self.random.pick(&["0.5", "1.0", "-2.25", "1e10", "3.0", "1e-3", "1e30"]);
            return constant(format!("{name}({text})"));
        }
        let d = depth - 1;
        varying(match self.random.between(0, 5) {
            0 => {
                let kind = self.int_kind();
                let int = self.types.of(kind);
                format!("{name}({})", self.operand(int, d))
            }
            1 => {
                let other = self.types.some_float(&mut self.random);
                format!("{name}({})", self.operand(other, d))
            }
            2 => format!("(-{})", self.operand(ty, d)),
            _ => {
                let op = *self.random.pick(&["+", "-", "*", "/"]);
                format!("({} {op} {})", self.operand(ty, d), self.operand(ty, d))
            }
        })
    }

    fn string_expr(&mut self, ty: Ty, depth: usize) -> Expr {
        if depth == 0 {
            return constant((*self.random.pick(&STRINGS)).to_owned());
        }
        let d = depth - 1;
        let int = self.types.int();
        varying(match self.random.between(0, 6) {
            0 | 1 => format!("({} + {})", self.operand(ty, d), self.expr(ty, d)),
            2 => {
                format!("cut({}, {}, {})", self.expr(ty, d), self.expr(int, d), self.expr(int, d))
            }
            3 => format!("string(rune({}))", self.operand(int, d)),
            4 => {
                let view = *self.random.pick(&["[]byte", "[]rune"]);
                format!("string({view}({}))", self.operand(ty, d))
            }
            5 => {
                let shape = self.types.of(Kind::Shape);
                format!("nameOf({})", self.expr(shape, d))
            }
            _ => {
                let bytes = self.types.of(Kind::Int("uint8", 8, false));
                let bytes = self.types.of(Kind::Slice(bytes));
                format!("string({})", self.expr(bytes, d))
            }
        })
    }

    fn bool_expr(&mut self, ty: Ty, depth: usize) -> Expr {
        if depth == 0 {
            return constant((*self.random.pick(&["true", "false"])).to_owned());
        }
        let d = depth - 1;
        varying(match self.random.between(0, 4) {
            0 => format!("(!{})", self.operand(ty, d)),
            1 => {
                let op = *self.random.pick(&["&&", "||", "==", "!="]);
                format!("({} {op} {})", self.operand(ty, d), self.operand(ty, d))
            }
            2 => {
                let other = self.some_type(1);
                let op = *self.random.pick(&["==", "!="]);
                if self.types.is_comparable(other) {
                    format!("({} {op} {})", self.operand(other, d), self.operand(other, d))
                } else {
                    self.operand(ty, d)
                }
            }
            _ => {
                let other = match self.random.between(0, 2) {
                    0 => self.types.of(Kind::Str),
                    1 => self.types.some_float(&mut self.random),
                    _ => {
                        let kind = self.int_kind();
                        self.types.of(kind)
                    }
                };
                let op = *self.random.pick(&["<", "<=", ">", ">=", "==", "!="]);
                format!("({} {op} {})", self.operand(other, d), self.operand(other, d))
            }
        })
    }

    /// A literal of a composite type.
    fn composite(&mut self, ty: Ty, depth: usize) -> String {
        let name = self.types.name(ty);
        let d = depth.saturating_sub(1);
        match self.types.kind(ty).clone() {
            Kind::Slice(t) => match self.random.between(0, 5) {
                0 => format!("{name}(nil)"),
                1 if depth > 0 => {
                    format!("append(tight({}), {})", self.expr(ty, d), self.expr(t, d))
                }
                2 if depth > 0 => {
                    let from = self.types.of(Kind::Slice(t));
                    let f = self.literal(&[t], t, d);
                    format!("each({}, {f})", self.expr(from, d))
                }
                _ => {
                    let count = self.random.between(0, 4);
                    let items: Vec<String> = (0..count).map(|_| self.expr(t, d)).collect();
                    format!("{name}{{{}}}", items.join(", "))
                }
            },
            Kind::Array(n, t) => {
                let items: Vec<String> = (0..n).map(|_| self.expr(t, d)).collect();
                match self.random.chance(30) {
                    true => format!("{name}{{{}: {}}}", n - 1, items[0]),
                    false => format!("{name}{{{}}}", items.join(", ")),
                }
            }
            Kind::Map(k, v) => {
                let count = self.random.between(0, 4);
                let items: Vec<String> = (0..count)
                    .map(|i| format!("{}: {}", self.key(k, i), self.expr(v, d)))
                    .collect();
                format!("{name}{{{}}}", items.join(", "))
            }
            Kind::Pointer(t) => match self.random.between(0, 3) {
                0 => format!("({name})(nil)"),
                1 => format!("new({})", self.operand(t, d)),
                _ => format!("&{}", self.composite(t, depth)),
            },
            Kind::Struct(_, fields) => {
                let items: Vec<String> = (fields.iter().enumerate())
                    .map(|(i, &t)| format!("a{i}: {}", self.expr(t, d)))
                    .collect();
                format!("{name}{{{}}}", items.join(", "))
            }
            Kind::Pair(a, b) => format!("{name}{{{}, {}}}", self.expr(a, d), self.expr(b, d)),
            Kind::Func(params, result) => self.literal(&params, result, d),
            Kind::Shape => self.shape(d),
            Kind::Any => {
                let int = self.types.int();
                let string = self.types.of(Kind::Str);
                match self.random.between(0, if depth == 0 { 3 } else { 4 }) {
                    0 => "any(nil)".into(),
                    1 => format!("any({})", self.expr(int, d)),
                    2 => format!("any({})", self.expr(string, d)),
                    3 => format!("any({})", self.shape(d)),
                    _ => {
                        let structs = self.types.structs().to_vec();
                        if structs.is_empty() || self.in_literal {
                            return "any(nil)".into();
                        }
                        let t = *self.random.pick(&structs);
                        format!("any({})", self.expr(t, d))
                    }
                }
            }
            Kind::Int(..) | Kind::Float(_) | Kind::Str | Kind::Bool => self.expr(ty, depth),
        }
    }

    pub(super) fn shape(&mut self, depth: usize) -> String {
        let int = self.types.int();
        match self.random.between(0, if depth == 0 { 3 } else { 4 }) {
            0 => "shape(nil)".into(),
            1 => format!("shape(square({}))", self.operand(int, depth)),
            2 => format!("shape(&box{{{}, {}}})", self.expr(int, depth), self.expr(int, depth)),
            3 => format!("shape(&crate{{box{{{}, 2}}, inner{{}}, 1}})", self.expr(int, depth)),
            _ => format!("shape(labelled{{present({}), \"l\"}})", self.shape(depth - 1)),
        }
    }

    /// A function literal whose body is one expression.
    pub(super) fn literal(&mut self, params: &[Ty], result: Ty, depth: usize) -> String {
        let vars: Vec<Var> = params
            .iter()
            .map(|&ty| Var { name: self.fresh("x"), ty, mutable: false, min_len: 0 })
            .collect();
        let list: Vec<String> =
            vars.iter().map(|v| format!("{} {}", v.name, self.types.name(v.ty))).collect();
        let was = std::mem::replace(&mut self.in_literal, true);
        self.scopes.push(vars);
        let body = self.expr(result, depth);
        self.scopes.pop();
        self.in_literal = was;
        format!("func({}) {} {{ return {body} }}", list.join(", "), self.types.name(result))
    }

    /// The `i`-th of some distinct keys.
    pub(super) fn key(&mut self, ty: Ty, i: usize) -> String {
        match self.types.kind(ty).clone() {
            Kind::Str => format!("\"k{i}\""),
            Kind::Int(name, ..) => format!("{name}({i})"),
            _ => format!("{}{{{i}, 1}}", self.types.name(ty)),
        }
    }
}
