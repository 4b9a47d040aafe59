//! Package variables that need no code are data.

mod common;

use trigo_ir::text::print_program;

/// The data that the variables of a package `main` with this source begin as; nothing may be left to code.
fn data(source: &str, roots: &[&str]) -> String {
    let lowered = common::lower(&[("main", source)], roots);
    let inits: Vec<_> = lowered.program.inits.iter().flat_map(|i| &i.funcs).collect();
    assert!(inits.is_empty(), "initialisers are left to code");
    let text = print_program(&lowered.program);
    let lines = text.lines().filter(|l| l.starts_with("data "));
    lines.map(|l| l.split(" @").next().unwrap_or(l).to_string() + "\n").collect()
}

#[test]
fn constants_and_strings() {
    let source = "package main
        var a, b = -2, uint16(0x1234)
        var s, empty = \"hi\", \"\"
        var f, c = float32(1), complex(1, -2)
        var t [3]bool = [...]bool{2: true}";
    let roots = ["main.a", "main.b", "main.s", "main.empty", "main.f", "main.c", "main.t"];
    assert_eq!(
        data(source, &roots),
        r#"data variable main.a int = "\xfe\xff\xff\xff\xff\xff\xff\xff"
data variable main.b uint16 = "4\x12"
data variable main.c complex128 = "\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00\xc0"
data variable main.empty string
data variable main.f float32 = "\x00\x00\x80?"
data variable main.s string = "\x00\x00\x00\x00\x00\x00\x00\x00\x02" { 0 bytes "hi" }
data variable main.t [3]bool = "\x00\x00\x01"
"#
    );
}

#[test]
fn literals_addresses_and_slices() {
    let source = "package main
        type T struct { next *T; name string; in struct { x, y int16 } }
        var list = &T{next: &T{name: \"b\"}, in: struct { x, y int16 }{y: 3}}
        var py = &list2.in.y
        var list2 = T{}
        var array = [4]int{1, 2}
        var part = array[1:3]
        var elem = &array[2]
        var table = []*T{{name: \"t\"}, nil, 3: &global}
        var global T
        var raw = []byte(\"ab\")";
    let roots = ["main.list", "main.py", "main.part", "main.elem", "main.table", "main.raw"];
    assert_eq!(
        data(source, &roots),
        r#"data variable main..stmp_0 main.T = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03" { 0 sym_addr main..stmp_1 }
data variable main..stmp_1 main.T = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" { 8 bytes "b" }
data variable main..stmp_2 main.T = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" { 8 bytes "t" }
data variable main..stmp_3 [4]*main.T { 0 sym_addr main..stmp_2, 24 sym_addr main.global }
data variable main..stmp_4 [2]uint8 = "ab"
data variable main.array [4]int = "\x01\x00\x00\x00\x00\x00\x00\x00\x02"
data variable main.elem *int { 0 sym_addr main.array + 16 }
data variable main.global main.T
data variable main.list *main.T { 0 sym_addr main..stmp_0 }
data variable main.list2 main.T
data variable main.part []int = "\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x03" { 0 sym_addr main.array + 8 }
data variable main.py *int16 { 0 sym_addr main.list2 + 26 }
data variable main.raw []uint8 = "\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x02" { 0 sym_addr main..stmp_4 }
data variable main.table []*main.T = "\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x04" { 0 sym_addr main..stmp_3 }
"#
    );
}

#[test]
fn functions_and_interfaces() {
    let source = "package main
        type N int
        func (N) M() {}
        type I interface { M() }
        func F[P any](P) {}
        func g() {}
        var f, h, m, n = g, F[string], N.M, I.M
        var e any = 7
        var i I = N(8)
        var p any = &f
        var lit = func() {}";
    let roots = ["main.f", "main.h", "main.m", "main.n", "main.e", "main.i", "main.p", "main.lit"];
    assert_eq!(
        data(source, &roots),
        r#"data constant main..stmp_0 int = "\x07"
data constant main..stmp_1 main.N = "\x08"
data variable main.e interface { } { 0 type_addr int, 8 sym_addr main..stmp_0 }
data variable main.f func() () { 0 func_value main.g }
data variable main.h func(string) () { 0 func_value "main.F[string]" }
data variable main.i main.I { 0 itab_addr main.I, main.N, 8 sym_addr main..stmp_1 }
data variable main.lit func() () { 0 func_value main.init.func1 }
data variable main.m func(main.N) () { 0 func_value main.N.M }
data variable main.n func(main.I) () { 0 func_value main.I.M }
data variable main.p interface { } { 0 type_addr *func() (), 8 sym_addr main.f }
"#
    );
}

#[test]
fn a_map_that_nothing_refers_to_is_not_made() {
    let source = "package main
        var used = map[string]int{\"a\": 1}
        var unused = map[string]int{\"b\": 2}
        var p = &used
        func f() int { return 1 }
        var x, y = f(), f()";
    let inits = |roots: &[&str]| -> Vec<String> {
        let lowered = common::lower(&[("main", source)], roots);
        let text = |&sym| lowered.program.context.syms.text(sym).to_string();
        lowered.program.inits.iter().flat_map(|init| init.funcs.iter().map(text)).collect()
    };
    assert_eq!(inits(&["main.p"]), ["main.map.init.0", "main.init"]);
    assert_eq!(inits(&[]), ["main.init"]);
}
