//! What a compiler reads from a checked package: each of the tables that `trigo-types` promises.

use std::sync::Arc;
use trigo_syntax::ast::{ExprId, ExprKind, File};
use trigo_syntax::{FileId, Interner, Mode, Source, parse_file};
use trigo_types::constant::Value;
use trigo_types::{
    Checked, Config, FileInfo, GoVersion, Importer, Mode as Denotes, ObjId, PkgId, SelectionKind,
    Store, Type, TypeId, check_package,
};

struct NoImports;

impl Importer for NoImports {
    fn import(&self, path: &str, _: &str) -> Result<PkgId, String> {
        Err(format!("there is no package {path}"))
    }
}

/// A checked package of one file.
struct Program {
    store: Store,
    file: Arc<File>,
    checked: Checked,
}

impl Program {
    fn new(text: &str) -> Self {
        Self::with_version(text, None)
    }

    fn with_version(text: &str, go_version: Option<GoVersion>) -> Self {
        let interner = Arc::new(Interner::new());
        let store = Store::new(interner.clone());
        let mut errors = Vec::new();
        let mode = Mode { check_branches: true, ..Mode::default() };
        let text = format!("package p\n{text}").into_bytes();
        let file = Arc::new(parse_file(
            Source::new(FileId(1), "p.go", text),
            &interner,
            mode,
            &mut errors,
        ));
        assert!(errors.is_empty(), "{errors:?}");
        let config = Config {
            importer: &NoImports,
            go_version,
            ignore_func_bodies: false,
            fake_import_c: false,
            ignore_branch_errors: true,
        };
        let checked = check_package(&store, "example.com/p", std::slice::from_ref(&file), config);
        let messages: Vec<&str> = checked.errors.iter().map(|e| e.message.as_str()).collect();
        assert!(messages.is_empty(), "{messages:?}");
        Self { store, file, checked }
    }

    fn info(&self) -> &FileInfo {
        &self.checked.info.files[0]
    }

    /// The expressions whose source is `text`, in the order of their numbers.
    fn all(&self, text: &str) -> Vec<ExprId> {
        let is_it = |&e: &ExprId| self.file.text(self.file.start(e), self.file.end(e)) == text;
        (0..self.file.expr_count()).map(ExprId::from_index).filter(is_it).collect()
    }

    fn expr(&self, text: &str) -> ExprId {
        *self.all(text).first().unwrap_or_else(|| panic!("no expression `{text}`"))
    }

    fn value(&self, text: &str) -> &Value {
        self.info().value(self.expr(text)).unwrap_or_else(|| panic!("`{text}` is no constant"))
    }

    fn obj(&self, name: &str) -> ObjId {
        self.info().object(self.expr(name)).unwrap_or_else(|| panic!("`{name}` means nothing"))
    }

    fn type_of(&self, text: &str) -> String {
        self.show(self.info().typ(self.expr(text)).expect("a type").1)
    }

    fn show(&self, t: TypeId) -> String {
        self.store.type_string(t, &|_| String::new())
    }

    fn names(&self, objects: &[ObjId]) -> Vec<&str> {
        objects.iter().map(|&o| self.store.obj_name(o)).collect()
    }

    fn func_lits(&self) -> Vec<ExprId> {
        let is_lit = |&e: &ExprId| matches!(self.file[e].kind, ExprKind::FuncLit { .. });
        (0..self.file.expr_count()).map(ExprId::from_index).filter(is_lit).collect()
    }

    fn method_names(&self, t: TypeId) -> Vec<String> {
        let set = self.store.method_set(t);
        set.iter().map(|m| format!("{} {:?}", self.store.obj_name(m.method), &m.path[..])).collect()
    }
}

#[test]
fn constants_are_exact_and_have_the_type_they_are_used_with() {
    let p = Program::new(
        "const huge = 1 << 100
         var a uint64 = huge >> 37 + 0
         var b float32 = 0.1
         var c = 'x' + 1.0
         var d complex128 = 1i * 1i
         var e string = \"a\" + \"\\xff\"",
    );
    assert_eq!(p.value("1 << 100").to_string(), "1267650600228229401496703205376");
    assert_eq!(p.value("huge >> 37 + 0").as_u64(), Some(1 << 63));
    assert_eq!(p.type_of("huge >> 37 + 0"), "uint64");
    // A constant of a sized type is rounded to it.
    assert_eq!(p.value("0.1").to_f64(), f64::from(0.1f32));
    assert_eq!(
        (p.type_of("'x' + 1.0"), p.value("'x' + 1.0").to_int().as_i64()),
        ("float64".into(), Some(121))
    );
    assert_eq!(p.value("1i * 1i").real().to_int().as_i64(), Some(-1));
    assert_eq!(p.value("\"a\" + \"\\xff\"").as_str(), Some(&b"a\xff"[..]));
}

#[test]
fn every_declared_name_has_its_object_blank_and_init_too() {
    let p = Program::new(
        "func init() {}\nfunc init() {}\nvar _ = f()\nfunc f() int { return 0 }\nfunc (T) _() {}\ntype T int",
    );
    assert_eq!(p.all("init").len(), 2);
    for name in ["init", "_", "f", "T"] {
        for e in p.all(name) {
            assert!(p.info().object(e).is_some(), "{name}");
        }
    }
    let inits: Vec<_> = p.all("init").iter().map(|&e| p.info().object(e)).collect();
    assert_ne!(inits[0], inits[1]);
}

#[test]
fn method_sets_have_promoted_methods_with_their_paths() {
    let p = Program::new(
        "type I interface { b(); A() }
         type Base struct{}
         func (Base) Val() {}
         func (*Base) Ptr() {}
         type Mid struct { x int; *Base }
         type Out struct { Mid; I }
         type Twice struct { Base; Mid }
         type Hidden struct { Base; Val int }
         var v Out; var i I; var t Twice; var h Hidden; var base Base",
    );
    let of = |name: &str| p.method_names(p.store.obj_type(p.obj(name)));
    let ptr = |name: &str| p.method_names(p.store.pointer(p.store.obj_type(p.obj(name))));
    assert_eq!(of("base"), ["Val [0]"]);
    assert_eq!(ptr("base"), ["Ptr [1]", "Val [0]"]);
    assert_eq!(of("i"), ["A [0]", "b [1]"]);
    assert_eq!(of("v"), ["A [1, 0]", "Ptr [0, 1, 1]", "Val [0, 1, 0]", "b [1, 1]"]);
    assert_eq!(of("t"), ["Val [0, 0]"], "the shallower one wins; Ptr needs a pointer there");
    assert_eq!(of("h"), <[String; 0]>::default(), "a field hides the method");
}

#[test]
fn selections_say_what_is_selected_and_through_which_fields() {
    let p = Program::new(
        "type Inner struct { n int }
         func (*Inner) M() {}
         type Outer struct { a, b int; *Inner }
         type I interface { M() }
         func f(o Outer, i I) {
            _ = o.n
            o.M()
            g := o.M
            h := (*Inner).M
            i.M()
            g(); h(nil)
         }",
    );
    let selections = |text: &str| -> Vec<_> {
        let found = p.all(text);
        let kept = found.iter().filter_map(|e| p.info().selections.get(e));
        kept.map(|s| (s.kind, s.path.to_vec(), s.indirect)).collect()
    };
    assert_eq!(selections("o.n"), [(SelectionKind::Field, vec![2, 0], true)]);
    let method = (SelectionKind::Method, vec![2, 0], true);
    assert_eq!(selections("o.M"), [method.clone(), method]);
    assert_eq!(selections("(*Inner).M"), [(SelectionKind::MethodExpr, vec![0], true)]);
    assert_eq!(selections("i.M")[0].1, [0]);
    assert_eq!(p.type_of("(*Inner).M"), "func(*Inner)");
}

#[test]
fn instances_have_their_arguments_given_or_inferred() {
    let p = Program::new(
        "type List[T any] struct { next *List[T]; val T }
         func (l *List[T]) Get() T { return l.val }
         func Map[A, B any](list []A, f func(A) B) []B { return nil }
         var strings = Map([]int{}, func(int) string { return \"\" })
         var bools List[bool]
         var got = bools.Get()",
    );
    let uses: Vec<_> = p.all("Map").iter().filter_map(|e| p.info().instances.get(e)).collect();
    assert_eq!(uses.len(), 1);
    let targs: Vec<String> = uses[0].targs.iter().map(|&t| p.show(t)).collect();
    assert_eq!(targs, ["int", "string"]);
    assert_eq!(p.show(uses[0].typ), "func(list []int, f func(int) string) []string");
    let l = p.store.obj_type(p.obj("bools"));
    let named = p.store.as_named(l).expect("a defined type");
    assert_eq!(p.show(named.targs()[0]), "bool");
    let selection = &p.info().selections[&p.expr("bools.Get")];
    let func = p.store.obj(selection.obj).as_func().expect("a method");
    assert_eq!((func.instance, func.origin), (Some(l), Some(p.obj("Get"))));
    assert_eq!(p.show(p.store.func_type(selection.obj).expect("a type")), "func() bool");
}

#[test]
fn a_body_is_read_for_an_instance_by_substitution() {
    let p = Program::new("func F[K comparable, V any](m map[K][]V) { x := m; _ = x }");
    let f = p.store.obj_type(p.obj("F"));
    let x = p.info().typ(p.expr("x")).map_or_else(|| p.store.obj_type(p.obj("x")), |t| t.1);
    let tparams = p.store.type_params(f);
    let int = trigo_types::typ::INT;
    let targs = [int, p.store.pointer(int)];
    assert_eq!(p.show(p.store.subst(x, tparams, &targs)), "map[int][]*int");
}

#[test]
fn local_types_of_a_generic_function_differ_by_instance() {
    let p = Program::new(
        "type Box[T any] struct { t T }
         func F[P any](arg P) {
            type local struct { p P; next *local }
            type alias = []P
            type generic[Q any] struct { p P; q Q }
            type plain int
            var a local
            var b alias
            var c generic[string]
            var d Box[local]
            var e plain
            _, _, _, _, _ = a, b, c, d, e
         }
         func (b Box[T]) M() { type inMethod struct { t T }; var m inMethod; _ = m }",
    );
    let tparams = p.store.type_params(p.store.obj_type(p.obj("F"))).to_vec();
    let int = trigo_types::typ::INT;
    let instance = |name: &str, targ| {
        let t = p.store.subst(p.store.obj_type(p.obj(name)), &tparams, &[targ]);
        (p.show(t), p.show(p.store.under(t)))
    };
    let with_int = |name| instance(name, int);
    assert_eq!(with_int("a"), ("local[int]".into(), "struct{p int; next *local[int]}".into()));
    assert_eq!(with_int("b"), ("[]int".into(), "[]int".into()));
    assert_eq!(with_int("c"), ("generic[int;string]".into(), "struct{p int; q string}".into()));
    assert_eq!(with_int("d"), ("Box[local[int]]".into(), "struct{t local[int]}".into()));
    assert_eq!(with_int("e"), ("plain[int]".into(), "int".into()));
    let plain = |targ| p.store.subst(p.store.obj_type(p.obj("e")), &tparams, &[targ]);
    assert!(!p.store.identical(plain(int), plain(p.store.pointer(int))));
    assert_eq!(plain(int), plain(int));
    let m = p.store.obj_type(p.obj("m"));
    let method = p.store.as_signature(p.store.obj_type(p.obj("M"))).expect("a method");
    let t = p.store.subst(m, &method.rparams, &[int]);
    assert_eq!(p.show(p.store.under(t)), "struct{t int}");
}

#[test]
fn identical_types_have_one_canonical_id() {
    let p = Program::new(
        "type A = struct { x []byte `tag` }
         var a A
         var b struct { x []uint8 `tag` }
         var c struct { x []byte }
         var f func(a int, b ...string) (err error)
         var g func(int, ...string) error
         var h func(int, []string) error
         var i interface { M(interface{ N() }); error }
         var j interface { Error() string; M(interface{ N() }) }
         var k *struct { x []byte `tag` }
         var l *A",
    );
    let id = |name| p.store.canonical(p.store.obj_type(p.obj(name)));
    for (x, y) in [("a", "b"), ("f", "g"), ("i", "j"), ("k", "l")] {
        assert_eq!(id(x), id(y), "{x} {y}");
    }
    for (x, y) in [("a", "c"), ("f", "h"), ("a", "k")] {
        assert_ne!(id(x), id(y), "{x} {y}");
    }
}

#[test]
fn closures_list_the_variables_they_capture() {
    let p = Program::new(
        "var global int
         func f(param int) (result int) {
            local, assigned, unused := 1, 2, 3
            _, _ = unused, assigned
            func() {
                own := local
                func() { result = own + param }()
                assigned = global
            }()
            func(x any) {
                switch x := x.(type) {
                case int: func() { _ = x }()
                }
                for i := range 3 { defer func() { recover(); local += i }() }
            }(nil)
            return
         }",
    );
    let captured: Vec<Vec<&str>> = p
        .func_lits()
        .iter()
        .map(|e| p.info().captures.get(e).map_or(Vec::new(), |list| p.names(list)))
        .collect();
    let mut sorted = captured.clone();
    sorted.iter_mut().for_each(|list| list.sort_unstable());
    let expected: [&[&str]; 5] = [
        &["own", "param", "result"],
        &["assigned", "local", "param", "result"],
        &["x"],
        &["i", "local"],
        &["local"],
    ];
    for list in expected {
        assert!(sorted.iter().any(|found| found == list), "{list:?} is not in {sorted:?}");
    }
    assert_eq!(captured.len(), expected.len());
}

#[test]
fn variables_are_initialised_after_what_they_depend_on() {
    let p = Program::new(
        "var a, b = c + 1, d()
         var c = e
         func d() int { return a }
         var e = 5
         var f, g = two()
         func two() (int, int) { return b, h }
         var h int
         var _ = a",
    );
    let order: Vec<Vec<&str>> =
        p.checked.info.init_order.iter().map(|init| p.names(&init.lhs)).collect();
    let expected: [&[&str]; 6] = [&["e"], &["c"], &["a"], &["b"], &["f", "g"], &["_"]];
    assert_eq!(order, expected);
}

#[test]
fn each_file_has_its_language_version() {
    let p = Program::with_version("func f() { for i := range 3 { _ = i } }", Some(GoVersion(22)));
    assert_eq!(p.info().version, Some(GoVersion(22)));
    let text = "//go:build go1.21\n\npackage p\n";
    let interner = Arc::new(Interner::new());
    let store = Store::new(interner.clone());
    let source = Source::new(FileId(1), "p.go", text.as_bytes());
    let file = Arc::new(parse_file(source, &interner, Mode::default(), &mut Vec::new()));
    let config = Config {
        importer: &NoImports,
        go_version: Some(GoVersion(26)),
        ignore_func_bodies: false,
        fake_import_c: false,
        ignore_branch_errors: true,
    };
    let checked = check_package(&store, "p", &[file], config);
    assert_eq!(checked.info.files[0].version, Some(GoVersion(21)));
}

#[test]
fn clauses_and_second_results_have_their_types() {
    let p = Program::new(
        "func f(x any, m map[string]int, c chan bool) {
            switch y := x.(type) {
            case int: _ = y
            case nil: _ = y
            }
            v, ok := m[\"k\"]
            w, open := <-c
            z, is := x.(error)
            _, _, _, _, _, _ = v, ok, w, open, z, is
            var none []int = nil
            _ = none
            _ = len(none)
         }",
    );
    let mut clauses: Vec<String> =
        p.info().clause_vars.values().map(|&v| p.show(p.store.obj_type(v))).collect();
    clauses.sort();
    assert_eq!(clauses, ["any", "int"]);
    assert_eq!(p.type_of("m[\"k\"]"), "(int, bool)");
    assert_eq!(p.type_of("<-c"), "(bool, bool)");
    // The tree does not keep the last parenthesis of an assertion.
    assert_eq!(p.type_of("x.(error"), "(error, bool)");
    let nil = p.all("nil").into_iter().filter_map(|e| p.info().typ(e)).last();
    assert_eq!(nil.map(|(mode, t)| (mode, p.show(t))), Some((Denotes::Nil, "[]int".into())));
    assert_eq!(p.type_of("len"), "func([]int) int");
    assert!(matches!(
        p.store.typ(p.info().typ(p.expr("m[\"k\"]")).expect("a type").1),
        Type::Tuple(_)
    ));
}
