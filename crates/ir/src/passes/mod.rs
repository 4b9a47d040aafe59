//! Passes: from what lowering wrote down to what code is generated from.
//!
//! Each takes a function that the verifier accepts and leaves one. In debug builds the verifier runs after each.
//!
//! | pass | what |
//! |---|---|
//! | [`blocks`] | removes blocks that nothing reaches and joins those with one way between them |
//! | [`mem2reg`] | slots that nobody looks at by address become values |
//! | [`checks`] | constants are folded; checks that cannot fail, or that were made before, go |
//! | [`dead`] | what makes values that nobody uses goes |
//! | [`polls`] | safepoints on the way back of loops |
//! | [`barriers`] | which stores of pointers the collector must hear of |
//! | [`compact`] | numbers without gaps |
//!
//! After [inlining](crate::inline) some are run again, and
//!
//! | pass | what |
//! |---|---|
//! | [`alloc2slot`] | objects whose address goes nowhere become slots |

pub mod alloc2slot;
pub mod barriers;
pub mod blocks;
pub mod checks;
pub mod compact;
pub mod dead;
pub mod mem2reg;
pub mod polls;

use crate::func::Func;
use crate::program::Context;
use crate::verify::assert_valid;

/// A pass.
pub type Pass = fn(&Context, &mut Func);

/// All passes in order, by name.
pub const ALL: &[(&str, Pass)] = &[
    ("blocks", blocks::run),
    ("mem2reg", mem2reg::run),
    ("checks", checks::run),
    ("blocks", blocks::run),
    ("dead", dead::run),
    ("polls", polls::run),
    ("barriers", barriers::run),
    ("compact", compact::run),
];

/// Passes after inlining, in order.
pub const AGAIN: &[(&str, Pass)] = &[
    ("blocks", blocks::run),
    ("checks", checks::run),
    ("blocks", blocks::run),
    ("dead", dead::run),
    ("alloc2slot", alloc2slot::run),
    ("mem2reg", mem2reg::run),
    ("checks", checks::run),
    ("blocks", blocks::run),
    ("dead", dead::run),
    ("compact", compact::run),
];

/// Runs all passes on a function.
///
/// # Panics
/// In debug builds, if a pass leaves a function that breaks a rule.
pub fn run(context: &Context, func: &mut Func) {
    run_list(ALL, context, func);
}

/// Runs the passes after inlining on a function.
///
/// # Panics
/// As [`run`].
pub fn run_again(context: &Context, func: &mut Func) {
    run_list(AGAIN, context, func);
}

fn run_list(list: &[(&str, Pass)], context: &Context, func: &mut Func) {
    for (name, pass) in list {
        pass(context, func);
        if cfg!(debug_assertions) {
            assert_valid(context, func, name);
        }
    }
}
