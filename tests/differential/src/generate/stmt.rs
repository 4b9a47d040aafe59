//! Statements: what changes variables, prints, loops, and panics.

use super::types::{Kind, Ty};
use super::{Program, Var};

/// How deep loops nest.
const LOOP_DEPTH: usize = 2;

impl Program {
    /// Several statements in the current scope.
    pub(super) fn statements(&mut self, count: usize) {
        for _ in 0..count {
            self.statement();
        }
        if !self.is_pure {
            self.report();
        }
    }

    pub(super) fn block(&mut self, vars: Vec<Var>) {
        let count = self.random.between(1, 3);
        self.nested(vars, |p| p.statements(count));
    }

    fn statement(&mut self) {
        let deep = self.indent > 5 || self.loops > LOOP_DEPTH;
        let last = match (deep, self.is_pure) {
            (true, _) => 9,
            (false, true) => 18,
            (false, false) => 30,
        };
        match self.random.between(0, last) {
            0..=3 => self.declaration(),
            4..=6 => self.assignment(),
            7 => self.element_assignment(),
            8 => self.swap(),
            9 => self.map_change(),
            10 | 11 => self.if_statement(),
            12 => self.counted_loop(),
            13 => self.range_loop(),
            14 => self.switch(),
            15 => self.type_switch(),
            16..=18 => self.pure_idiom(),
            19 => self.report(),
            20 => self.deferred(),
            21 | 22 => self.protected(),
            23 | 24 => self.risky_in_protection(),
            _ => self.idiom(),
        }
    }

    fn var(&mut self, ty: Ty, mutable: bool) -> Var {
        Var { name: self.fresh("v"), ty, mutable, min_len: 0 }
    }

    fn declaration(&mut self) {
        let ty = self.some_type(2);
        let mut v = self.var(ty, true);
        let name = self.types.name(ty);
        if let Kind::Slice(t) = *self.types.kind(ty)
            && self.random.chance(40)
        {
            let count = self.random.between(1, 4);
            let items: Vec<String> = (0..count).map(|_| self.expr(t, 2)).collect();
            self.line(&format!("{} := {name}{{{}}}", v.name, items.join(", ")));
            (v.mutable, v.min_len) = (false, count);
        } else {
            let value = self.expr(ty, 3);
            match self.random.between(0, 4) {
                0 => self.line(&format!("var {} {name}", v.name)),
                1 => self.line(&format!("{} := ({name})({value})", v.name)),
                _ => self.line(&format!("var {} {name} = {value}", v.name)),
            }
        }
        self.declare(v);
    }

    /// A value that an assignment in a loop cannot make ever longer.
    pub(super) fn bounded(&mut self, ty: Ty, depth: usize) -> String {
        let value = self.expr(ty, depth);
        match self.types.kind(ty) {
            Kind::Str => format!("clip({value})"),
            Kind::Slice(_) => format!("trim({value})"),
            _ => value,
        }
    }

    fn assignment(&mut self) {
        let Some(v) = self.some_var(|v| v.mutable) else { return self.declaration() };
        if let Kind::Int(..) = self.types.kind(v.ty)
            && self.random.chance(50)
        {
            let op = *self.random.pick(&["+=", "-=", "*=", "^=", "|=", "&=", "&^="]);
            let value = self.expr(v.ty, 2);
            return self.line(&format!("{} {op} {value}", v.name));
        }
        // A function that is assigned must not call what it replaces; literals call no function values.
        let value = match self.types.kind(v.ty).clone() {
            Kind::Func(params, result) => self.literal(&params, result, 2),
            _ if self.types.has_func(v.ty) => {
                let was = std::mem::replace(&mut self.in_literal, true);
                let value = self.bounded(v.ty, 2);
                self.in_literal = was;
                value
            }
            _ => self.bounded(v.ty, 3),
        };
        self.line(&format!("{} = {value}", v.name));
    }

    fn element_assignment(&mut self) {
        let Some(v) = self.some_var(|_| true) else { return self.declaration() };
        let name = v.name;
        let int = self.types.int();
        match self.types.kind(v.ty).clone() {
            Kind::Slice(t) if !self.types.has_func(t) => {
                let (i, value) = (self.expr(int, 1), self.bounded(t, 2));
                let n = format!("len({name})");
                self.line(&format!("if {n} > 0 {{ {name}[at({i}, {n})] = {value} }}"));
            }
            Kind::Array(n, t) if v.mutable && !self.types.has_func(t) => {
                let value = self.bounded(t, 2);
                let i = self.random.between(0, n - 1);
                self.line(&format!("{name}[{i}] = {value}"));
            }
            Kind::Struct(_, fields) if v.mutable => {
                let i = self.random.between(0, fields.len() - 1);
                if !self.types.has_func(fields[i]) {
                    let value = self.bounded(fields[i], 2);
                    self.line(&format!("{name}.a{i} = {value}"));
                }
            }
            Kind::Pointer(t) => {
                if let Kind::Struct(_, fields) = self.types.kind(t).clone()
                    && !self.types.has_func(fields[0])
                {
                    let value = self.bounded(fields[0], 2);
                    self.line(&format!("if {name} != nil {{ {name}.a0 = {value} }}"));
                }
            }
            _ => self.assignment(),
        }
    }

    fn swap(&mut self) {
        let Some(a) = self.some_var(|v| v.mutable) else { return self.declaration() };
        let ty = a.ty;
        match self.some_var(|v| v.mutable && v.ty == ty && v.name != a.name) {
            Some(b) => self.line(&format!("{0}, {1} = {1}, {0}", a.name, b.name)),
            None => self.declaration(),
        }
    }

    fn map_change(&mut self) {
        let maps: Vec<(Var, Ty, Ty)> = self
            .vars(|_| true)
            .into_iter()
            .filter_map(|v| match *self.types.kind(v.ty) {
                Kind::Map(k, t) if !self.types.has_func(t) => Some((v, k, t)),
                _ => None,
            })
            .collect();
        if maps.is_empty() {
            return self.declaration();
        }
        let (v, k, t) = self.random.pick(&maps).clone();
        let (key, value) = (self.expr(k, 1), self.bounded(t, 2));
        let name = v.name;
        match self.random.between(0, 5) {
            0 => self.line(&format!("delete({name}, {key})")),
            1 => {
                let (found, ok) = (self.fresh("v"), self.fresh("ok"));
                self.line(&format!("if {found}, {ok} := {name}[{key}]; {ok} {{"));
                self.block(vec![Var { name: found.clone(), ty: t, mutable: true, min_len: 0 }]);
                self.line(&format!("\t_ = {found}"));
                self.line("}");
            }
            _ => self.line(&format!("if {name} != nil {{ {name}[{key}] = {value} }}")),
        }
    }

    pub(super) fn condition(&mut self) -> String {
        let ty = self.types.of(Kind::Bool);
        self.operand(ty, 2)
    }

    fn if_statement(&mut self) {
        let condition = self.condition();
        self.line(&format!("if {condition} {{"));
        self.block(Vec::new());
        if self.random.chance(50) {
            self.line("} else {");
            self.block(Vec::new());
        }
        self.line("}");
    }

    fn looped(&mut self, vars: Vec<Var>, label: Option<&str>) {
        self.loops += 1;
        if self.random.chance(30) {
            let condition = self.condition();
            let jump = *self.random.pick(&["continue", "break"]);
            let to = label.map_or(String::new(), |l| format!(" {l}"));
            self.scopes.push(vars.clone());
            self.line(&format!("\tif {condition} {{ {jump}{to} }}"));
            self.scopes.pop();
        }
        self.block(vars);
        self.loops -= 1;
    }

    fn counted_loop(&mut self) {
        let int = self.types.int();
        let i = self.fresh("i");
        let n = self.random.between(1, 4);
        let var = Var { name: i.clone(), ty: int, mutable: false, min_len: 0 };
        let label = self.random.chance(30).then(|| self.fresh("loop"));
        if let Some(label) = &label {
            self.line(&format!("{label}:"));
        }
        match self.random.chance(50) {
            true => self.line(&format!("for {i} := 0; {i} < {n}; {i}++ {{")),
            false => self.line(&format!("for {i} := range {n} {{")),
        }
        self.line(&format!("\t_ = {i}"));
        if let Some(label) = &label {
            // A label must be used.
            self.line(&format!("\tif {i} > 9 {{ break {label} }}"));
        }
        self.looped(vec![var], label.as_deref());
        self.line("}");
    }

    fn range_loop(&mut self) {
        let int = self.types.int();
        let (i, x) = (self.fresh("i"), self.fresh("x"));
        let var = |name: &str, ty| Var { name: name.into(), ty, mutable: false, min_len: 0 };
        let Some(v) = self.some_var(|_| true) else { return self.counted_loop() };
        let name = v.name;
        let vars = match *self.types.kind(v.ty) {
            Kind::Slice(t) => {
                self.line(&format!("for {i}, {x} := range {name}[:min(len({name}), 4)] {{"));
                vec![var(&i, int), var(&x, t)]
            }
            Kind::Array(_, t) => {
                self.line(&format!("for {i}, {x} := range {name} {{"));
                vec![var(&i, int), var(&x, t)]
            }
            Kind::Str => {
                let rune = self.types.of(Kind::Int("int32", 32, true));
                self.line(&format!("for {i}, {x} := range {name}[:min(len({name}), 4)] {{"));
                vec![var(&i, int), var(&x, rune)]
            }
            Kind::Map(k, t) => {
                let sum = self.fresh("sum");
                let hash = self.hash(k, &self.hash(t, "1", &x), &i);
                self.line(&format!("var {sum} uint64"));
                self.line(&format!("for {i}, {x} := range {name} {{ {sum} += {hash} }}"));
                let ty = self.types.of(Kind::Int("uint64", 64, false));
                return self.declare(Var { name: sum, ty, mutable: true, min_len: 0 });
            }
            _ => {
                let s = self.fresh("stack");
                let item = self.some_type(1);
                let name = self.types.name(item);
                self.line(&format!("var {s} stack[{name}]"));
                for _ in 0..self.random.between(0, 3) {
                    let value = self.expr(item, 2);
                    self.line(&format!("{s}.push({value})"));
                }
                self.line(&format!("for {i}, {x} := range {s}.all {{"));
                vec![var(&i, int), var(&x, item)]
            }
        };
        self.line(&format!("\t_, _ = {i}, {x}"));
        self.looped(vars, None);
        self.line("}");
    }

    fn switch(&mut self) {
        let ty = if self.random.chance(30) { self.types.of(Kind::Str) } else { self.types.int() };
        let tag = self.operand(ty, 2);
        self.line(&format!("switch {tag} {{"));
        let cases = self.random.between(1, 4);
        for i in 0..cases {
            let key = match self.types.kind(ty) {
                Kind::Str => format!("\"{}\"", "a".repeat(i)),
                _ => (i * 2).to_string(),
            };
            self.line(&format!("case {key}:"));
            self.block(Vec::new());
            if i + 1 < cases && self.random.chance(15) {
                self.line("\tfallthrough");
            }
        }
        if self.random.chance(60) {
            self.line("default:");
            self.block(Vec::new());
        }
        self.line("}");
    }

    fn type_switch(&mut self) {
        let any = self.types.of(Kind::Any);
        let value = self.expr(any, 2);
        let x = self.fresh("x");
        self.line(&format!("switch {x} := {value}.(type) {{"));
        let (int, string) = (self.types.int(), self.types.of(Kind::Str));
        let mut cases = vec![int, string];
        cases.extend(self.types.structs().to_vec());
        for ty in cases {
            if self.random.chance(60) {
                self.line(&format!("case {}:", self.types.name(ty)));
                self.line(&format!("\t_ = {x}"));
                self.block(vec![Var { name: x.clone(), ty, mutable: false, min_len: 0 }]);
            }
        }
        self.line("case shape, nil:");
        self.line(&format!("\t_ = {x}"));
        self.block(Vec::new());
        self.line("}");
    }

    /// Prints a hash of some variable.
    pub(super) fn report(&mut self) {
        if let Some(v) = self.some_var(|_| true) {
            let hash = self.hash(v.ty, "0", &v.name);
            let tag = self.fresh("r");
            self.line(&format!("println(\"{tag}\", {hash})"));
        }
    }

    fn deferred(&mut self) {
        self.line("defer func() {");
        let was = std::mem::replace(&mut self.loops, LOOP_DEPTH);
        self.block(Vec::new());
        self.loops = was;
        self.line("}()");
    }

    fn protected(&mut self) {
        let name = self.fresh("part");
        self.line(&format!("protect(\"{name}\", func() {{"));
        self.block(Vec::new());
        self.line("})");
    }

    fn risky_in_protection(&mut self) {
        let name = self.fresh("risk");
        self.line(&format!("protect(\"{name}\", func() {{"));
        let count = self.random.between(0, 2);
        self.nested(Vec::new(), |p| {
            p.statements(count);
            p.risky();
            p.report();
        });
        self.line("})");
    }

    /// One step that may panic.
    pub(super) fn risky(&mut self) {
        let int = self.types.int();
        let i = self.operand(int, 1);
        let ty = self.some_type(1);
        let name = self.types.name(ty);
        let slice = self.types.of(Kind::Slice(ty));
        let s = format!("tight({})", self.expr(slice, 1));
        let (a, b) = (self.fresh("t"), self.fresh("t"));
        match self.random.between(0, 11) {
            0 => self.line(&format!(
                "{a}, {b} := {s}, {i}; println({}) ",
                self.hash(ty, "0", &format!("{a}[{b}]"))
            )),
            1 => self.line(&format!("{a}, {b} := {s}, {i}; println(len({a}[{b}:]))")),
            2 => self.line(&format!("{a}, {b} := {s}, {i}; println(cap({a}[:{b}:{b}]))")),
            3 => self.line(&format!("{a}, {b} := {i}, {i}&1; println({a} / {b})")),
            4 => self.line(&format!("var {a} map[int]{name}; {a}[{i}] = *new({name})")),
            5 => self.line(&format!("var {a} *box; println({a}.area())")),
            6 => {
                let any = self.types.of(Kind::Any);
                let value = self.expr(any, 1);
                let to = *self.random.pick(&["int", "string", "shape", "square", "*box"]);
                self.line(&format!("{a} := {value}; _ = {a}.({to}); println(\"asserted\")"));
            }
            7 => self.line(&format!("panic({i})")),
            8 => self.line(&format!("panic(failure{{{i}}})")),
            9 => self.line(&format!("{a} := {s}; _ = [2]{name}({a}); println(\"converted\")")),
            10 => self.line(&format!("var {a} shape; println({a}.area())")),
            _ => self.line(&format!("{a} := id({i}); println(1 << ({a} % 9))")),
        }
    }
}
