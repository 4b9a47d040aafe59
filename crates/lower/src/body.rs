//! The bodies of functions.

use crate::env::Env;
use crate::program::LowerError;
use crate::world::{FuncDecl, World};
use trigo_ir::Sym;
use trigo_ir::func::Func;
use trigo_syntax::ast::ExprId;
use trigo_types::Initializer;

/// Lowers a declared function, which has a body, and the functions inside it.
pub(crate) fn lower(
    world: &World<'_>,
    decl: FuncDecl,
    env: &Env,
    sym: Sym,
) -> Result<Vec<Func>, LowerError> {
    let _ = (world, decl, env);
    Err(LowerError { sym, message: "bodies are not lowered yet".into() })
}

/// Lowers a package's initialiser, without parameters: assigns to variables in this order.
pub(crate) fn lower_init(
    world: &World<'_>,
    package: u32,
    initializers: &[&Initializer],
    sym: Sym,
) -> Result<Vec<Func>, LowerError> {
    let _ = (world, package, initializers);
    Err(LowerError { sym, message: "initialisers are not lowered yet".into() })
}

/// Lowers a function literal outside functions.
pub(crate) fn lower_literal(
    world: &World<'_>,
    package: u32,
    file: u32,
    literal: ExprId,
    sym: Sym,
) -> Result<Vec<Func>, LowerError> {
    let _ = (world, package, file, literal);
    Err(LowerError { sym, message: "function literals are not lowered yet".into() })
}
