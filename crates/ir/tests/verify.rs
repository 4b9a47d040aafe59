//! The verifier accepts what keeps the rules and names what breaks them.

use trigo_ir::build::Builder;
use trigo_ir::func::Signature;
use trigo_ir::inst::{BinaryOp, Terminator};
use trigo_ir::program::Context;
use trigo_ir::text::print_func;
use trigo_ir::types::{Basic, Scalar};
use trigo_ir::verify::verify_func;

fn signature() -> Signature {
    Signature { params: vec![Basic::Int.id(), Basic::String.id()], results: vec![Basic::Int.id()] }
}

#[test]
fn prints_and_accepts_a_sum() {
    let context = Context::default();
    let mut b = Builder::new(&context, context.syms.intern("main.f"), signature());
    let [x, len] = [b.params()[0], b.params()[2]];
    let sum = b.binary(BinaryOp::Add, x, len);
    b.terminate(Terminator::Return([sum].into_iter().collect()));
    let func = b.finish();
    assert_eq!(verify_func(&context, &func), Ok(()));
    let text = "func main.f(int, string) (int) {\n\
                b0(v0: i64, v1: ptr, v2: i64):\n  v3: i64 = add v0, v2\n  return v3\n}\n";
    assert_eq!(print_func(&context, &func), text);
}

#[test]
fn names_operands_that_do_not_fit_and_uses_before_their_definition() {
    let context = Context::default();
    let mut b = Builder::new(&context, context.syms.intern("main.f"), signature());
    let [x, ptr] = [b.params()[0], b.params()[1]];
    let (left, right) = (b.new_block(), b.new_block());
    let cond = b.iconst(Scalar::I8, 1);
    b.branch(cond, left, right);
    b.switch_to(left);
    let sum = b.binary(BinaryOp::Add, x, ptr);
    b.terminate(Terminator::Unreachable);
    b.switch_to(right);
    b.terminate(Terminator::Return([sum].into_iter().collect()));
    let faults = verify_func(&context, &b.finish()).expect_err("two faults");
    assert_eq!(
        faults,
        "main.f: b2: v4 is used where it is not made on every way\n\
         main.f: b1: instruction 0 (Binary): v1 is ptr, not i64\n"
    );
}
