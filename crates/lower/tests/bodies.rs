//! Bodies of functions, as far as their shape in the IR says something.

mod common;

use common::lower;
use trigo_ir::func::Func;
use trigo_ir::inst::{AllocWhat, Callee, Op, Terminator};
use trigo_ir::program::Program;

/// Lowers a package main and everything that its `main` reaches.
fn program(source: &str) -> Program {
    let source = format!("package main\n{source}");
    let lowered = lower(&[("main", &source)], &["main.main"]);
    let context = &lowered.program.context;
    let errors: Vec<String> = lowered.errors.iter().map(|e| e.show(&context.syms)).collect();
    assert!(errors.is_empty(), "{errors:?}");
    lowered.program
}

fn func<'p>(program: &'p Program, name: &str) -> &'p Func {
    let found = program.funcs.iter().find(|f| program.context.syms.text(f.sym) == name);
    found.unwrap_or_else(|| {
        let names: Vec<_> =
            program.funcs.iter().map(|f| program.context.syms.text(f.sym)).collect();
        panic!("no {name} among {names:?}")
    })
}

/// The instructions of a function.
fn ops(func: &Func) -> impl Iterator<Item = &Op> {
    let insts = func.blocks.iter().flat_map(|b| &b.insts);
    insts.map(|&inst| &func.insts[inst.index()].op)
}

/// The names of the variables of a function that are objects of their own.
fn boxed<'p>(program: &'p Program, name: &str) -> Vec<&'p str> {
    let variables = ops(func(program, name)).filter_map(|op| match op {
        Op::Alloc { what: AllocWhat::Variable(name), .. } => Some(*name),
        _ => None,
    });
    variables.map(|sym| program.context.syms.text(sym)).collect()
}

/// The functions that a function calls by name, in order.
fn calls<'p>(program: &'p Program, name: &str) -> Vec<&'p str> {
    let func = func(program, name);
    let called = ops(func).filter_map(|op| match op {
        Op::Call { callee: Callee::Direct(sym), .. } => Some(*sym),
        _ => None,
    });
    let tail = func.blocks.iter().filter_map(|block| match &block.term {
        Some(Terminator::TailCall { callee: Callee::Direct(sym), .. }) => Some(*sym),
        _ => None,
    });
    called.chain(tail).map(|sym| program.context.syms.text(sym)).collect()
}

#[test]
fn variables_are_objects_when_their_address_is_taken_or_they_are_captured_and_assigned() {
    let p = program(
        "type T struct { a [2]int; p *T }
         func (t *T) ptr() {}
         func (t T) val() {}
         func use(...any) {}
         func main() {
            plain, addressed, copied, shared := 1, 2, 3, 4
            use(&addressed, plain)
            func() { plain := plain; shared += copied + plain }()
            var m, v, sliced, through T
            m.ptr(); v.val()
            use(sliced.a[:], &through.p.a)
            var big [17]int
            func() { use(big[0]) }()
         }",
    );
    assert_eq!(boxed(&p, "main.main"), ["addressed", "shared", "m", "sliced", "big"]);
}

#[test]
fn a_loop_variable_that_is_an_object_is_renewed_by_each_iteration() {
    let p = program("func main() { for i := 0; i < 3; i++ { func() { i++ }() } }");
    assert_eq!(boxed(&p, "main.main"), ["i", "i"]);
}

#[test]
fn operands_that_call_are_evaluated_first() {
    let p = program(
        "func f() int { return 1 }
         func g(int, int, int) {}
         var x []int
         func main() { g(x[5], f(), 3) }",
    );
    let main = func(&p, "main.main");
    let is_call = |op: &&Op| matches!(op, Op::Call { .. });
    let is_check = |op: &&Op| matches!(op, Op::BoundsCheck { .. });
    let place = |test: &dyn Fn(&&Op) -> bool| ops(main).position(|op| test(&op));
    assert!(place(&is_call) < place(&is_check));
    assert_eq!(calls(&p, "main.main"), ["main.f", "main.g"]);
}

#[test]
fn pointers_given_as_numbers_stay_alive_through_a_call_that_asks_for_it() {
    let p = program(
        "import \"unsafe\"
         type T struct{}
         //go:uintptrescapes
         func escapes(p uintptr, rest ...uintptr) {}
         //go:uintptrkeepalive
         func (T) keeps(p uintptr) {}
         func plain(p uintptr) {}
         func now(p unsafe.Pointer) {
            escapes(uintptr(p), 1, uintptr(p), (uintptr)(unsafe.Pointer(&p)))
            T{}.keeps(uintptr(p))
            plain(uintptr(p))
         }
         func main() {
            var p unsafe.Pointer
            now(p)
            defer escapes(uintptr(p), uintptr(p))
            defer T{}.keeps(uintptr(p))
         }",
    );
    let kept = |name| ops(func(&p, name)).filter(|op| matches!(op, Op::KeepAlive(_))).count();
    // Those of calls at hand are in places of the frame, which are cleared afterwards.
    assert_eq!(func(&p, "main.now").slots.iter().filter(|slot| slot.pinned).count(), 4);
    // The calls that come later hold the pointers themselves, not only their numbers.
    assert_eq!(kept("main.main.deferwrap1"), 2);
    assert_eq!(kept("main.main.deferwrap2"), 1);
}

#[test]
fn a_method_value_of_an_instance_names_other_instances() {
    // The wrapper's making names the method, which is made known by the way.
    let p = program(
        "type L[T any] struct { v T }
         func (l *L[T]) get() T { return l.v }
         func main() { l := L[int]{1}; f := l.get; f() }",
    );
    func(&p, "main.(*L[int]).get-fm");
    assert_eq!(calls(&p, "main.(*L[int]).get-fm"), ["main.(*L[int]).get"]);
}

#[test]
fn a_loop_over_a_function_that_returns_goes_through_shared_results() {
    let p = program(
        "func seq(yield func(int) bool) { yield(1) }
         func find() (int, bool) {
            for i := range seq { if i > 0 { return i, true } }
            return 0, false
         }
         func main() { find() }",
    );
    let body = func(&p, "main.find-range1");
    assert_eq!(body.sig.params.len(), 1);
    assert!(boxed(&p, "main.find").len() == 2, "both results are shared");
    assert!(calls(&p, "main.find-range1").contains(&"runtime.panicrangestate"));
}

#[test]
fn a_function_with_defer_runs_its_calls_at_each_return_and_after_recovery() {
    let p = program(
        "func f(n int) (r int) {
            defer func() { r++ }()
            if n > 0 { return n }
            return 2
         }
         func main() { f(1) }",
    );
    let deferreturns = calls(&p, "main.f").iter().filter(|c| **c == "runtime.deferreturn").count();
    assert_eq!(deferreturns, 3);
    let f = func(&p, "main.f");
    assert!(ops(f).any(|op| matches!(op, Op::EnterDefer(_))));
    assert!(f.slots.iter().any(|s| s.pinned && s.name.is_some()), "the result's slot is pinned");
}
