//! Idioms: several statements that belong together and that a random choice of single ones would hardly make.

use super::types::Kind;
use super::{Program, Var};

impl Program {
    /// One without output and without panics.
    pub(super) fn pure_idiom(&mut self) {
        match self.random.between(0, 6) {
            0 => self.method_values(),
            1 => self.slice_operations(),
            2 => self.jumps(),
            3 => self.tree(),
            4 => self.instances(),
            5 => self.matrix(),
            _ => self.text(),
        }
    }

    /// Any other.
    pub(super) fn idiom(&mut self) {
        match self.random.between(0, 8) {
            0 => self.goroutines(),
            1 => self.pipeline(),
            2 => self.guarded_sum(),
            3 => self.captures(),
            4 => self.recovered_result(),
            5 => self.select(),
            6 => self.deferred_in_loop(),
            7 => self.panic_in_deferred(),
            _ => self.shown(),
        }
    }

    fn new_int(&mut self, name: String) {
        let ty = self.types.int();
        self.declare(Var { name, ty, mutable: true, min_len: 0 });
    }

    /// Methods of values, pointers, interfaces and embedded fields as functions.
    fn method_values(&mut self) {
        let (x, f, v) = (self.fresh("m"), self.fresh("f"), self.fresh("v"));
        let int = self.types.int();
        let (a, b) = (self.operand(int, 2), self.operand(int, 1));
        let c = self.operand(int, 1);
        let (value, name, change) = match self.random.between(0, 6) {
            0 => (format!("square({a})"), "area", "++".to_owned()),
            1 => (format!("box{{{a}, {b}}}"), "area", format!(".w = {c}")),
            2 => (format!("&box{{{a}, {b}}}"), "area", format!(".h = {c}")),
            3 => {
                (format!("crate{{box{{{a}, {b}}}, inner{{}}, 3}}"), "area", format!(".box.w = {c}"))
            }
            4 => (format!("&crate{{inner: inner{{{b}}}}}"), "depth", format!(".level = {c}")),
            5 => (format!("present({})", self.shape(2)), "area", format!(" = square({c})")),
            _ => (format!("labelled{{square({a}), \"l\"}}"), "area", ".shape = nil".to_owned()),
        };
        // The receiver was copied when the method value was made, or a pointer to it was.
        self.line(&format!("{x} := {value}; {f} := {x}.{name}"));
        self.line(&format!("{x}{change}"));
        let more = *self.random.pick(&[
            "square.area(3)",
            "(*box).area(&box{2, 3})",
            "shape.area(square(2))",
            "(*crate).area(&crate{})",
            "crate.depth(crate{})",
        ]);
        self.line(&format!("{v} := {f}() + {more}"));
        self.new_int(v);
    }

    /// What is done to slices as wholes.
    fn slice_operations(&mut self) {
        let item = self.some_type(1);
        let ty = self.types.of(Kind::Slice(item));
        let name = self.types.name(ty);
        let (s, t, n) = (self.fresh("s"), self.fresh("s"), self.fresh("v"));
        let (first, more) = (self.expr(ty, 2), self.expr(ty, 1));
        let (a, b) = (self.expr(item, 1), self.expr(item, 1));
        self.line(&format!("{s}, {t} := tight({first}), make({name}, 2, 5)"));
        self.line(&format!("{s} = append({s}, {more}...)"));
        self.line(&format!("{s} = append({s}, {a}, {b})"));
        self.line(&format!("{n} := copy({t}, {s}[1:])"));
        match self.random.between(0, 4) {
            0 => self.line(&format!("clear({t}[1:])")),
            1 => self.line(&format!("{t} = append({t}[:1], {t}[:2]...)")),
            2 => self.line(&format!("copy({t}[1:], {t})")),
            3 => self.line(&format!("{t} = {t}[:3:4]; {t}[2], {t}[0] = {t}[0], {t}[1]")),
            _ => self.line(&format!("{t} = append(append({name}(nil), {t}...), {s}[0])")),
        }
        self.line(&format!("{t} = trim({t})"));
        self.new_int(n);
        self.declare(Var { name: t, ty, mutable: true, min_len: 0 });
    }

    /// `goto`, and loops that are left and continued from within others.
    fn jumps(&mut self) {
        let (v, i, j) = (self.fresh("v"), self.fresh("i"), self.fresh("j"));
        let (outer, again) = (self.fresh("outer"), self.fresh("again"));
        let int = self.types.int();
        let (start, step) = (self.operand(int, 1), self.expr(int, 1));
        let condition = self.condition();
        let kind = *self.random.pick(&["continue", "break"]);
        self.line(&format!("{v} := {start}"));
        self.line("{");
        self.line(&format!("\t{i} := 0"));
        self.line(&format!("{again}:"));
        self.line(&format!("\t{v} += {step}"));
        self.line(&format!("\tif {i}++; {i} < 3 {{ goto {again} }}"));
        self.line("}");
        self.line(&format!("{outer}:"));
        self.line(&format!("for {i} := range 4 {{"));
        self.line(&format!("\tfor {j} := {i}; ; {j}++ {{"));
        self.line("\t\tswitch {");
        self.line(&format!("\t\tcase {j} > 3: {kind} {outer}"));
        self.line(&format!("\t\tcase {condition} && {j} == {i}: {v} *= 3; continue"));
        self.line("\t\t}");
        self.line(&format!("\t\t{v} += {i}<<{j}"));
        self.line("\t}");
        self.line("}");
        self.new_int(v);
    }

    /// A search tree of many small objects.
    fn tree(&mut self) {
        let item = self.some_type(1);
        let name = self.types.name(item);
        let (t, v, x) = (self.fresh("t"), self.fresh("v"), self.fresh("x"));
        let value = self.bounded(item, 1);
        let (n, step) = (self.random.between(1, 60), self.random.between(3, 40));
        self.line(&format!("var {t} *tree[{name}]"));
        self.line(&format!("for i := range {n} {{ {t} = {t}.insert(i*{step}%61, {value}) }}"));
        self.line(&format!("{v} := {t}.depth()"));
        self.line(&format!("for k, {x} := range {t}.all {{"));
        let hash = self.hash(item, "uint64(k)", &x);
        self.line(&format!("\tif k > 50 {{ break }}; {v} = {v}*31 + int({hash})"));
        self.line("}");
        self.new_int(v);
    }

    /// Instances of generic functions as values, and with types they infer.
    fn instances(&mut self) {
        let (a, b) = (self.some_type(1), self.some_type(1));
        let (f, v) = (self.fresh("f"), self.fresh("v"));
        let (an, bn) = (self.types.name(a), self.types.name(b));
        let (x, y) = (self.expr(a, 2), self.expr(b, 2));
        let pair = self.types.of(Kind::Pair(b, a));
        self.line(&format!("{f} := pair[{an}, {bn}].swap"));
        self.line(&format!("{v} := {f}(pair[{an}, {bn}]{{{x}, {y}}})"));
        self.declare(Var { name: v, ty: pair, mutable: true, min_len: 0 });
        let int = self.types.int();
        let ints = self.types.of(Kind::Slice(int));
        let (list, w) = (self.expr(ints, 2), self.fresh("v"));
        let body = self.literal(&[int, int], int, 1);
        self.line(&format!("{w} := fold({list}, 1, {body}) + len(each({list}, id[int]))"));
        self.new_int(w);
    }

    /// Arrays of arrays, and of structs, changed in place.
    fn matrix(&mut self) {
        let (m, v) = (self.fresh("m"), self.fresh("v"));
        let kind = self.int_kind();
        let ty = self.types.of(kind);
        let name = self.types.name(ty);
        let (value, copied) = (self.expr(ty, 2), self.fresh("m"));
        self.line(&format!("var {m} [3]struct {{ row [4]{name}; sum {name}; seen bool }}"));
        self.line(&format!("for i := range {m} {{"));
        self.line(&format!(
            "\tfor j := range {m}[i].row {{ {m}[i].row[j] = {value} + {name}(i*j) }}"
        ));
        self.line(&format!("\tp := &{m}[(i+1)%3]; p.seen = !p.seen"));
        self.line(&format!("\tfor _, x := range {m}[i].row {{ {m}[i].sum += x }}"));
        self.line("}");
        self.line(&format!("{copied} := {m}; {copied}[1].row[2]++"));
        self.line(&format!("{v} := {m}[0].sum ^ {copied}[1].row[2]"));
        self.line(&format!("if {copied} == {m} || {copied}[2] != {m}[2] {{ {v}-- }}"));
        self.declare(Var { name: v, ty, mutable: true, min_len: 0 });
    }

    /// Strings from parts: runes, bytes, numbers.
    fn text(&mut self) {
        let ty = self.types.of(Kind::Str);
        let float = self.types.float();
        let int = self.types.int();
        let (v, from) = (self.fresh("v"), self.bounded(ty, 2));
        self.line(&format!("{v} := \"\""));
        self.line(&format!("for i, r := range {from} {{"));
        match self.random.between(0, 3) {
            0 => self.line(&format!("\t{v} = string(r+1) + {v}; _ = i")),
            1 => self.line(&format!("\tif r != '\\uFFFD' {{ {v} += string([]rune{{r, rune(i)}}) }}")),
            2 => self.line(&format!("\t{v} += string([]byte{{byte(r), byte(i) + 'a'}})")),
            _ => self.line(&format!("\tswitch r {{ case 'a': {v} += \"A\"; case 'l', 'o': {v} += \"_\"; default: {v} += strconv.Itoa(i) }}")),
        }
        self.line("}");
        let number = match self.random.between(0, 3) {
            0 => format!("strconv.FormatFloat({}, 'g', -1, 64)", self.expr(float, 3)),
            1 => format!("strconv.FormatFloat({}, 'e', 5, 64)", self.expr(float, 3)),
            2 => format!("strconv.FormatFloat({}, 'f', 3, 32)", self.expr(float, 2)),
            _ => format!(
                "strconv.FormatInt(int64({}), {})",
                self.operand(int, 2),
                self.random.between(2, 36)
            ),
        };
        self.line(&format!("{v} = clip({v}) + {number}"));
        self.declare(Var { name: v, ty, mutable: true, min_len: 0 });
    }

    /// A value as package `fmt` shows it, which looks at it by reflection.
    fn shown(&mut self) {
        let plain = self.vars(|v| self.types.is_plain(v.ty));
        if plain.is_empty() {
            return self.report();
        }
        let v = self.random.pick(&plain).clone();
        let verb = *self.random.pick(&["%v", "%+v", "%#v", "%T", "%v"]);
        self.line(&format!("println(fmt.Sprintf(\"{verb}\", {}))", v.name));
    }

    /// Stages of goroutines, each of which closes what it sends on.
    fn pipeline(&mut self) {
        let int = self.types.int();
        let (a, b, v) = (self.fresh("c"), self.fresh("c"), self.fresh("v"));
        let item = self.some_type(1);
        let name = self.types.name(item);
        let make = self.isolated(|p| p.literal(&[int], item, 2));
        let (n, room) = (self.random.between(1, 9), self.random.between(0, 3));
        self.line(&format!(
            "{a}, {b}, {v} := make(chan pair[int, {name}], {room}), make(chan uint64), 0"
        ));
        self.line("go func() {");
        self.line(&format!("\tdefer close({a})"));
        self.line(&format!("\tfor i := range {n} {{ {a} <- pair[int, {name}]{{i, {make}(i)}} }}"));
        self.line("}()");
        let hash = self.hash(item, "uint64(p.first)", "p.second");
        self.line("go func() {");
        self.line(&format!("\tfor p := range {a} {{ {b} <- {hash} }}"));
        self.line(&format!("\tclose({b})"));
        self.line("}()");
        self.line(&format!("for h := range {b} {{ {v} = {v}*31 + int(h) }}"));
        self.new_int(v);
    }

    /// Goroutines that add to what a mutex guards.
    fn guarded_sum(&mut self) {
        let int = self.types.int();
        let (mu, group, m, v) =
            (self.fresh("mu"), self.fresh("wg"), self.fresh("m"), self.fresh("v"));
        let f = self.isolated(|p| p.literal(&[int], int, 2));
        let n = self.random.between(1, 8);
        self.line(&format!(
            "var {mu} sync.Mutex; var {group} sync.WaitGroup; {m} := map[int]int{{}}"
        ));
        self.line(&format!("for i := range {n} {{"));
        self.line(&format!("\t{group}.Go(func() {{"));
        self.line(&format!("\t\t{mu}.Lock(); defer {mu}.Unlock()"));
        self.line(&format!("\t\t{m}[i%3] += {f}(i)"));
        self.line("\t})");
        self.line("}");
        self.line(&format!("{group}.Wait()"));
        self.line(&format!("{v} := {m}[0] ^ {m}[1] ^ {m}[2]"));
        self.new_int(v);
    }

    /// Deferred calls of a loop, whose arguments are evaluated at once.
    fn deferred_in_loop(&mut self) {
        let ty = self.some_type(1);
        let (part, x) = (self.fresh("part"), self.fresh("x"));
        let (name, value) = (self.types.name(ty), self.expr(ty, 2));
        let hash = self.hash(ty, "uint64(i)", &x);
        let n = self.random.between(1, 4);
        self.line(&format!("protect(\"{part}\", func() {{"));
        self.line(&format!("\tfor i := range {n} {{"));
        self.line(&format!("\t\tdefer func({x} {name}) {{ println(i, {hash}) }}({value})"));
        self.line("\t\tif i%2 == 1 { defer println(\"odd\", i) }");
        self.line("\t}");
        self.nested(Vec::new(), Self::risky);
        self.line("})");
    }

    /// A panic that another one replaces, or that goes on after it was recovered.
    fn panic_in_deferred(&mut self) {
        let part = self.fresh("part");
        self.line(&format!("protect(\"{part}\", func() {{"));
        match self.random.between(0, 2) {
            0 => self.line("\tdefer func() { panic(failure{1}) }()"),
            1 => self.line("\tdefer func() { if r := recover(); r != nil { panic(r) } }()"),
            _ => self.line(
                "\tdefer func() { defer func() { println(recover() != nil) }(); panic(2) }()",
            ),
        }
        self.nested(Vec::new(), |p| {
            p.statements(1);
            p.risky();
        });
        self.line("})");
    }

    /// Goroutines that send what they make of a number; the results are summed.
    fn goroutines(&mut self) {
        let int = self.types.int();
        let (c, n, sum) = (self.fresh("c"), self.random.between(1, 4), self.fresh("v"));
        let f = self.isolated(|p| p.literal(&[int], int, 3));
        let room = self.random.between(0, 2);
        self.line(&format!("{c}, {sum} := make(chan int, {room}), 0"));
        self.line(&format!("for i := range {n} {{"));
        self.line(&format!("\tgo func() {{ {c} <- {f}(i) }}()"));
        self.line("}");
        self.line(&format!("for range {n} {{ {sum} += <-{c} }}"));
        self.declare(Var { name: sum, ty: int, mutable: true, min_len: 0 });
    }

    /// Writes something that sees no variables.
    fn isolated<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let scopes = std::mem::take(&mut self.scopes);
        self.scopes.push(Vec::new());
        let result = write(self);
        self.scopes = scopes;
        result
    }

    /// Closures that capture loop variables and shared ones, called later.
    fn captures(&mut self) {
        let (list, next) = (self.fresh("list"), self.fresh("next"));
        let int = self.types.int();
        let start = self.expr(int, 1);
        let shared = self.fresh("v");
        self.line(&format!("var {list} []func() int; {next} := counter({start}); {shared} := 0"));
        self.line(&format!("for i := range {} {{", self.types.structs().len() + 1));
        self.line(&format!(
            "\t{list} = append({list}, func() int {{ {shared} += i; return {next}() + i }})"
        ));
        self.line("}");
        self.line(&format!("for _, f := range {list} {{ println(f(), {shared}) }}"));
        self.declare(Var { name: shared, ty: int, mutable: true, min_len: 0 });
    }

    /// A named result that a deferred function sets after a panic.
    fn recovered_result(&mut self) {
        let ty = self.some_type(1);
        let (name, result) = (self.types.name(ty), self.fresh("v"));
        let (good, bad) = (self.expr(ty, 1), self.expr(ty, 1));
        self.line(&format!("{result} := func() (r {name}) {{"));
        self.line(&format!("\tdefer func() {{ if recover() != nil {{ r = {bad} }} }}()"));
        self.nested(Vec::new(), |p| {
            p.line(&format!("r = {good}"));
            p.risky();
        });
        self.line("\treturn r");
        self.line("}()");
        self.declare(Var { name: result, ty, mutable: true, min_len: 0 });
    }

    /// A select of which one case at a time is ready.
    fn select(&mut self) {
        let int = self.types.int();
        let (a, b, v) = (self.fresh("c"), self.fresh("c"), self.fresh("v"));
        let value = self.expr(int, 2);
        self.line(&format!("{a}, {b}, {v} := make(chan int, 1), make(chan string), 0"));
        let rounds = self.random.between(1, 3);
        self.line(&format!("for range {rounds} {{"));
        self.line("\tselect {");
        self.line(&format!("\tcase {a} <- {value}:"));
        self.line(&format!("\t\t{v}++"));
        self.line(&format!("\tcase x, ok := <-{a}:"));
        self.line(&format!("\t\tif ok {{ {v} += x }}"));
        self.line(&format!("\tcase s := <-{b}:"));
        self.line(&format!("\t\t{v} += len(s)"));
        self.line("\t}");
        self.line("}");
        self.line(&format!("select {{ case {b} <- \"\": default: {v}-- }}"));
        self.declare(Var { name: v, ty: int, mutable: true, min_len: 0 });
    }
}
