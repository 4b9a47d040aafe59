//! Methods that types have without declaring them, what is reached of them, and link names.

mod common;

use trigo_ir::Program;
use trigo_ir::text::{print_func, print_program};

fn lowered(sources: &[(&str, &str)], roots: &[&str]) -> Program {
    let lowered = common::lower(sources, roots);
    let show = |e: &trigo_lower::LowerError| e.show(&lowered.program.context.syms);
    let errors: Vec<String> = lowered.errors.iter().map(show).collect();
    assert!(errors.is_empty(), "{errors:?}");
    lowered.program
}

fn func(program: &Program, name: &str) -> String {
    let found = program.funcs.iter().find(|f| program.context.syms.text(f.sym) == name);
    let text = print_func(&program.context, found.unwrap_or_else(|| panic!("no function {name}")));
    let lines = text.lines().map(|l| l.split(" @").next().unwrap_or(l));
    lines.collect::<Vec<_>>().join("\n")
}

fn func_names(program: &Program) -> Vec<&str> {
    program.funcs.iter().map(|f| program.context.syms.text(f.sym)).collect()
}

#[test]
fn wrappers_go_through_embedded_fields() {
    let source = "package main
        type Inner struct { pad, n int }
        func (i Inner) Val() int { return i.n }
        func (i *Inner) Ptr() {}
        type Outer struct { name string; *Inner; Other }
        type Other struct { x int }
        func (o *Other) Set() {}
        type I interface { Val() int; Ptr(); Set() }
        var i I = &Outer{}
        func f() int { i.Ptr(); i.Set(); return i.Val() }";
    let program = lowered(&[("main", source)], &["main.f"]);
    assert_eq!(
        func(&program, "main.(*Outer).Val"),
        "func \"main.(*Outer).Val\"(*main.Outer) (int) wrapper duplicate_ok {\n\
         b0(v0: ptr):\n  v1: ptr = load v0 + 16\n  v2: i64 = load v1\n  v3: i64 = load v1 + 8\n  \
         tail_call main.Inner.Val(v2, v3): (main.Inner) (int)\n}"
    );
    assert_eq!(
        func(&program, "main.(*Outer).Set"),
        "func \"main.(*Outer).Set\"(*main.Outer) () wrapper duplicate_ok {\n\
         b0(v0: ptr):\n  nil_check v0\n  v1: i64 = iconst 24\n  v2: ptr = ptr_add v0, v1\n  \
         tail_call \"main.(*Other).Set\"(v2): (*main.Other) ()\n}"
    );
}

#[test]
fn a_pointer_wrapper_panics_for_nil() {
    let source = "package main
        type T struct { a, b int }
        func (t T) M() int { return t.a }
        var i interface { M() int } = T{1, 2}
        func f() int { return i.M() }";
    let text = func(&lowered(&[("main", source)], &["main.f"]), "main.(*T).M");
    assert!(text.contains("call runtime.panicwrap(): () ()"), "{text}");
    assert!(text.contains("tail_call main.T.M(v"), "{text}");
}

#[test]
fn methods_are_reached_when_an_interface_of_theirs_is_called() {
    let source = "package main
        type T struct{}
        func (*T) Called() {}
        func (*T) Other() {}
        func (*T) hidden() {}
        var a any = &T{}
        func f() { a.(interface { Called() }).Called() }";
    let program = lowered(&[("main", source)], &["main.f"]);
    let names = func_names(&program);
    assert!(names.contains(&"main.(*T).Called"), "{names:?}");
    assert!(!names.contains(&"main.(*T).Other"), "{names:?}");
    let text = print_program(&program);
    let listed = text.lines().find(|l| l.starts_with("methods *main.T ")).expect("a method list");
    let dead = "Other func() () ifn runtime.unreachableMethod tfn runtime.unreachableMethod";
    assert!(listed.contains(dead), "{listed}");
}

#[test]
fn instances_and_inner_functions_are_named_as_gc_does() {
    let source = "package main
        type List[T any] struct { v T }
        func (l *List[T]) Push(v T) { l.v = v; func() { func() { _ = l }() }() }
        func Map[A, B any](a A, f func(A) B) B { return f(a) }
        type key struct { x int }
        func f() {
            type local struct{}
            var l List[local]
            l.Push(local{})
            var m List[struct { x key }]
            m.Push(struct { x key }{})
            Map(1, func(int) string { return \"\" })
            x := (&l).Push
            x(local{})
        }
        var g = func() {}";
    let program = lowered(
        &[("example.org/v1.2", "package main2; type T int; func (T) M() {}"), ("main", source)],
        &["main.f", "main.g"],
    );
    let names = func_names(&program);
    for name in [
        "main.(*List[main.local·1]).Push",
        "main.(*List[main.local·1]).Push-fm",
        "main.(*List[main.local·1]).Push.func1",
        "main.(*List[main.local·1]).Push.func1.1",
        "main.(*List[struct { main.x main.key }]).Push",
        "main.Map[int,string]",
        "main.f.func1",
        "main.init.func1",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let push =
        program.funcs.iter().find(|f| program.context.syms.text(f.sym).ends_with("]).Push.func1"));
    let shown = program.context.syms.text(push.expect("an instance").name);
    assert_eq!(shown, "main.(*List[...]).Push.func1");
}

#[test]
fn link_names_of_directives_join_declarations() {
    let p = "package p
        //go:linkname push other.pushed
        func push() int { return 7 }
        //go:linkname shared
        var shared = 3";
    let other = "package other
        func pushed() int
        func Pulled() int { return pushed() }";
    let main = "package main
        import \"other\"
        import _ \"unsafe\"
        //go:linkname pulled p.shared
        var pulled int
        func f() int { return other.Pulled() + pulled }";
    let program = lowered(&[("p", p), ("other", other), ("main", main)], &["main.f"]);
    assert!(func_names(&program).contains(&"other.pushed"));
    assert!(program.externs.is_empty(), "{:?}", program.externs);
    let text = print_program(&program);
    assert!(text.contains("data variable p.shared int = \"\\x03\""), "{text}");
    assert!(!text.contains("main.pulled"), "{text}");
}

#[test]
fn the_linker_supplies_strings() {
    let source = "package main; var version = \"unknown\"; func f() string { return version }";
    let mut program = lowered(&[("main", source)], &["main.f"]);
    assert!(program.set_string("main.version", "1.0"));
    assert!(!program.set_string("main.missing", ""));
    assert!(print_program(&program).contains("{ 0 bytes \"1.0\" }"));
}
