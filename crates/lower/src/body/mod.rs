//! The bodies of functions: one [`Body`] lowers one function, and those inside it one after another.
//!
//! Variables are slots of the frame, which a later pass promotes; those whose address is taken, or that an inner function
//! refers to and somebody reassigns, are objects of their own ([`analysis`]). A [value] is a short list of scalars or, for
//! larger types, the address of memory that nobody writes while it is in use; a [place] is where a value can be stored.
//!
//! | file | what |
//! |---|---|
//! | [`analysis`] | which variables are objects, which functions defer |
//! | [`func`] | a function's frame: parameters, results, entry and return |
//! | [`closure`] | inner functions and what they capture |
//! | [`value`] | values, loading and storing |
//! | [`place`] | addressable operands |
//! | [`expr`] | expressions; [`ops`], [`compare`], [`konst`], [`convert`], [`iface`], [`literal`] their kinds |
//! | [`call`] | calls; [`select_method`], [`builtin`], [`intrinsic`] what is called |
//! | [`stmt`] | statements; [`assign`], [`range`], [`rangefunc`], [`switch`], [`select`], [`spawn`] their kinds |

mod analysis;
mod assign;
mod builtin;
mod call;
mod closure;
mod compare;
mod convert;
mod expr;
mod func;
mod iface;
mod intrinsic;
mod konst;
mod literal;
mod ops;
mod place;
mod range;
mod rangefunc;
mod select;
mod select_method;
mod spawn;
mod stmt;
mod switch;
mod value;

use crate::env::Env;
use crate::names;
use crate::program::LowerError;
use crate::world::{FuncDecl, World};
use analysis::Analysis;
use func::Frame;
pub(crate) use intrinsic::is_operation;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;
use trigo_ir::Sym;
use trigo_ir::build::Builder;
use trigo_ir::func::{Block, Func, Pos, Signature, Slot, Val};
use trigo_ir::inst::{Callee, Terminator};
use trigo_ir::types::{Basic, Scalar, Shape, TypeId as IrType};
use trigo_syntax::Pos as SourcePos;
use trigo_syntax::ast::{DeclKind, ExprId, File, StmtId};
use trigo_types::{FileInfo, Initializer, ObjId, TypeId};
use value::Vals;

/// Why a body could not be lowered: a text that begins with a position.
#[derive(Debug)]
struct Fail(String);

type Res<T> = Result<T, Fail>;

/// Runs with enough of a stack: chains of operators can be as long as the file.
fn deep<T>(f: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, f)
}

/// What a function's body names that is not global.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// A declared variable.
    Var(ObjId),
    /// Where the bodies of `range` over functions say how they were left.
    Exit,
    /// The state of a loop over a function.
    LoopState(StmtId),
    /// The frame of deferred calls of the function around the body of a loop.
    DeferFrame,
    /// What `recover` compares, of the function around the body of a loop.
    FrameAddr,
}

/// Where a variable lives.
#[derive(Clone, Copy, Debug)]
enum Storage {
    /// In the frame.
    Slot(Slot),
    /// In an object whose address is in the frame.
    Boxed(Slot),
    /// In the closure at this offset.
    Captured(u64),
    /// In an object whose address is in the closure at this offset.
    CapturedBox(u64),
}

/// How a loop's body over a function was left for a place outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Exit {
    Return,
    Break(StmtId),
    Continue(StmtId),
    Goto(StmtId),
}

impl Exit {
    /// The number that stands for it while the program runs; never 0.
    fn code(self) -> i64 {
        match self {
            Exit::Return => -1,
            Exit::Break(stmt) => stmt.index() as i64 * 3 + 1,
            Exit::Continue(stmt) => stmt.index() as i64 * 3 + 2,
            Exit::Goto(stmt) => stmt.index() as i64 * 3 + 3,
        }
    }
}

/// What a body's function is to the functions around it.
#[derive(Clone, Debug)]
enum Role {
    /// A declared function, a literal, or an initialiser.
    Function,
    /// The body of a loop over a function; the results of the function around it.
    RangeBody { stmt: StmtId, results: Rc<[(ObjId, IrType)]> },
}

/// One function on its way.
struct Body<'w, 'a> {
    world: &'w World<'a>,
    env: &'w Env,
    package: u32,
    file_index: u32,
    file: &'w File,
    info: &'w FileInfo,
    b: Builder<'w>,
    analysis: Rc<Analysis>,
    role: Role,
    frame: Frame,
    vars: FxHashMap<Key, (Storage, IrType)>,
    /// What this function captures, in the order of the closure's words.
    captures: Vec<closure::Capture>,
    /// The closure, in functions that may capture.
    context: Option<Val>,
    breaks: FxHashMap<StmtId, Block>,
    continues: FxHashMap<StmtId, Block>,
    labels: FxHashMap<StmtId, Block>,
    fallthrough: Option<Block>,
    /// Whether operators have parts that gc computes ahead.
    ahead: FxHashMap<ExprId, bool>,
    /// How bodies of loops inside were left for places outside.
    exits: Vec<Exit>,
    counts: closure::Counts,
    /// Finished inner functions.
    done: Vec<Func>,
    is_closure: bool,
    last_file: Option<(std::sync::Arc<str>, Sym)>,
    last_pos: Option<(SourcePos, Pos)>,
}

impl<'w, 'a> Body<'w, 'a> {
    fn new(
        world: &'w World<'a>,
        env: &'w Env,
        (package, file): (u32, u32),
        (sym, sig): (Sym, Signature),
        analysis: Rc<Analysis>,
    ) -> Self {
        let p = &world.packages[package as usize];
        let mut b = Builder::new(&world.context, sym, sig);
        b.func.name = world.context.syms.intern(&names::shown(world.context.syms.text(sym)));
        Self {
            world,
            env,
            package,
            file_index: file,
            file: &p.files[file as usize],
            info: &p.info.files[file as usize],
            b,
            analysis,
            role: Role::Function,
            frame: Frame::default(),
            vars: FxHashMap::default(),
            captures: Vec::new(),
            context: None,
            breaks: FxHashMap::default(),
            continues: FxHashMap::default(),
            labels: FxHashMap::default(),
            fallthrough: None,
            ahead: FxHashMap::default(),
            exits: Vec::new(),
            counts: closure::Counts::default(),
            done: Vec::new(),
            is_closure: false,
            last_file: None,
            last_pos: None,
        }
    }

    /// The source position as the IR has it.
    fn pos_of(&mut self, pos: SourcePos) -> Pos {
        if let Some((known, made)) = self.last_pos
            && known == pos
        {
            return made;
        }
        let at = self.file.position(pos);
        let file = match &self.last_file {
            Some((name, sym)) if std::sync::Arc::ptr_eq(name, &at.file) => *sym,
            _ => {
                // What a directive without a name moves is in no file.
                let name = if at.file.is_empty() { "??" } else { &*at.file };
                let sym = self.world.context.syms.intern(name);
                self.last_file = Some((at.file.clone(), sym));
                sym
            }
        };
        let made = Pos { file, line: at.line, col: at.col };
        self.last_pos = Some((pos, made));
        made
    }

    /// What is appended from now on comes from here.
    fn at(&mut self, pos: SourcePos) {
        let pos = self.pos_of(pos);
        self.b.set_pos(Some(pos));
    }

    fn at_expr(&mut self, e: ExprId) {
        self.at(self.file[e].pos);
    }

    fn fail<T>(&self, pos: SourcePos, message: impl std::fmt::Display) -> Res<T> {
        Err(Fail(format!("{}: {message}", self.file.position(pos))))
    }

    fn fail_at<T>(&self, e: ExprId, message: impl std::fmt::Display) -> Res<T> {
        self.fail(self.file[e].pos, message)
    }

    /// The checker's type of an expression, concrete; of comma-ok forms and calls with one result, the first.
    fn checked_type(&self, e: ExprId) -> Res<TypeId> {
        let Some((_, t)) = self.info.typ(e) else {
            return self.fail_at(e, "an expression without a type");
        };
        let t = match self.world.store.vars(t) {
            [first, ..] => self.world.store.obj_type(*first),
            [] => t,
        };
        Ok(self.env.subst(self.world.store, t))
    }

    /// The type of an expression.
    fn ty(&self, e: ExprId) -> Res<IrType> {
        let Some((_, t)) = self.info.typ(e) else {
            return self.fail_at(e, "an expression without a type");
        };
        let t = match self.world.store.vars(t) {
            [first, ..] => self.world.store.obj_type(*first),
            [] => t,
        };
        Ok(self.env.ty(self.world, t))
    }

    fn obj_ty(&self, obj: ObjId) -> IrType {
        self.env.ty(self.world, self.world.store.obj_type(obj))
    }

    fn shape(&self, ty: IrType) -> &'w Shape {
        self.world.context.types.shape(ty)
    }

    fn types(&self) -> &'w trigo_ir::types::TypeTable {
        &self.world.context.types
    }

    fn size(&self, ty: IrType) -> u64 {
        self.types().size(ty)
    }

    fn pointer_to(&self, ty: IrType) -> IrType {
        self.types().intern(Shape::Pointer(ty))
    }

    /// The element type of a pointer type.
    fn elem_of(&self, ty: IrType) -> IrType {
        match self.shape(ty) {
            Shape::Pointer(elem)
            | Shape::Slice(elem)
            | Shape::Array { elem, .. }
            | Shape::Chan { elem, .. }
            | Shape::Map { elem, .. } => *elem,
            _ => ty,
        }
    }

    fn basic(&self, ty: IrType) -> Option<Basic> {
        match self.shape(ty) {
            Shape::Basic(basic) => Some(*basic),
            _ => None,
        }
    }

    /// The type of a function as a signature, and whether it is variadic.
    fn signature(&self, ty: IrType) -> Option<(Signature, bool)> {
        match self.shape(ty) {
            Shape::Func { params, results, variadic } => {
                let sig = Signature { params: params.to_vec(), results: results.to_vec() };
                Some((sig, *variadic))
            }
            _ => None,
        }
    }

    fn int(&mut self, value: i64) -> Val {
        self.b.iconst(Scalar::I64, value)
    }

    /// Calls a function of package runtime; gives the parts of its results.
    fn runtime(&mut self, name: &str, args: &[Val]) -> Res<Vals> {
        let Some(obj) = self.world.find_runtime(name) else {
            return Err(Fail(format!(
                "package runtime declares no {name}, which the compiler calls"
            )));
        };
        let sym = self.world.func(&Env::default(), obj, &[]);
        let store = self.world.store;
        let ty = self.world.ty(store.obj_type(obj));
        let Some((sig, _)) = self.signature(ty) else {
            return Err(Fail(format!("runtime.{name} is no function")));
        };
        let mut want: SmallVec<[Scalar; 8]> = SmallVec::new();
        for &param in &sig.params {
            match self.types().parts(param) {
                Some(parts) => want.extend(parts.iter().map(|p| p.scalar)),
                None => want.push(Scalar::Ptr),
            }
        }
        let have: SmallVec<[Scalar; 8]> = args.iter().map(|&v| self.b.func.scalar(v)).collect();
        if have != want {
            let message = format!("runtime.{name} takes {want:?}, the compiler gives {have:?}");
            return Err(Fail(message));
        }
        self.note(sym, &sig);
        Ok(self.b.call(Callee::Direct(sym), sig, args).into_iter().collect())
    }

    /// Like [`Body::runtime`], for a single scalar.
    fn runtime1(&mut self, name: &str, args: &[Val]) -> Res<Val> {
        let results = self.runtime(name, args)?;
        match results[..] {
            [one] => Ok(one),
            _ => Err(Fail(format!("runtime.{name} does not have one result of one word"))),
        }
    }

    /// Remembers the type of a function that may have no body.
    fn note(&self, sym: Sym, sig: &Signature) {
        if self.world.definition(sym).is_none() {
            self.world.note_extern(sym, sig);
        }
    }

    /// The type of the name in package runtime.
    fn runtime_type(&self, name: &str) -> Res<IrType> {
        match self.world.find_runtime(name) {
            Some(obj) => Ok(self.world.ty(self.world.store.obj_type(obj))),
            None => Err(Fail(format!("package runtime declares no type {name}"))),
        }
    }

    /// Ends the block after a call that does not return; what follows is dead.
    fn unreachable(&mut self) {
        self.b.terminate(Terminator::Unreachable);
        let dead = self.b.new_block();
        self.b.switch_to(dead);
    }

    /// Ends the block with a jump, if it has not ended.
    fn jump(&mut self, to: Block) {
        self.b.jump(to, &[]);
    }

    /// A word of the frame for the compiler's own use.
    fn temp(&mut self, ty: IrType) -> Slot {
        self.b.slot(ty, None)
    }

    /// The function, with an end for every block.
    fn finished(mut self) -> Func {
        for block in &mut self.b.func.blocks {
            // Nothing reaches a block that has none.
            block.term.get_or_insert(Terminator::Unreachable);
        }
        self.b.finish()
    }

    fn finish(mut self) -> Vec<Func> {
        let mut funcs = std::mem::take(&mut self.done);
        funcs.push(self.finished());
        funcs
    }
}

fn verified(world: &World<'_>, sym: Sym, made: Res<Vec<Func>>) -> Result<Vec<Func>, LowerError> {
    let funcs = made.map_err(|Fail(message)| LowerError { sym, message })?;
    for func in &funcs {
        if cfg!(debug_assertions)
            && let Err(faults) = trigo_ir::verify::verify_func(&world.context, func)
        {
            let message = format!("the code made for it breaks the IR's rules: {faults}");
            return Err(LowerError { sym, message });
        }
    }
    Ok(funcs)
}

/// Lowers a declared function, which has a body, and the functions inside it.
pub(crate) fn lower(
    world: &World<'_>,
    decl: FuncDecl,
    env: &Env,
    sym: Sym,
) -> Result<Vec<Func>, LowerError> {
    verified(world, sym, lower_func(world, decl, env, sym))
}

fn lower_func(world: &World<'_>, decl: FuncDecl, env: &Env, sym: Sym) -> Res<Vec<Func>> {
    let package = &world.packages[decl.package as usize];
    let file = &*package.files[decl.file as usize];
    let info = &package.info.files[decl.file as usize];
    let DeclKind::Func { name, body, .. } = file[decl.decl].kind else {
        return Err(Fail("not a function".into()));
    };
    let Some(obj) = info.object(name.expr()) else {
        return Err(Fail("a function that was not checked".into()));
    };
    let store = world.store;
    let sig_type = store.func_type(obj).and_then(|t| store.as_signature(t));
    let Some(sig) = sig_type else { return Err(Fail("a function without a type".into())) };
    let params: Vec<ObjId> =
        sig.recv.into_iter().chain(store.vars(sig.params).iter().copied()).collect();
    let results = store.vars(sig.results);
    let place = (decl.package, decl.file);
    let analysis = match body {
        Some(body) => Analysis::of_function(world, env, place, &params, results, body),
        None => Analysis::default(),
    };
    let types = |vars: &[ObjId]| -> Vec<IrType> {
        vars.iter().map(|&v| env.ty(world, store.obj_type(v))).collect()
    };
    let signature = Signature { params: types(&params), results: types(results) };
    let mut lowering = Body::new(world, env, place, (sym, signature), Rc::new(analysis));
    lowering.b.func.attrs = lowering.b.func.attrs.with(world.attrs(decl));
    let pos = lowering.pos_of(file.ident_pos(name));
    lowering.b.func.pos = Some(pos);
    match body {
        Some(body) => lowering.function(&params, results, body)?,
        None => lowering.operation(obj)?,
    }
    Ok(lowering.finish())
}

/// Lowers a package's initialiser, without parameters: assigns to variables in this order.
pub(crate) fn lower_init(
    world: &World<'_>,
    package: u32,
    initializers: &[&Initializer],
    sym: Sym,
) -> Result<Vec<Func>, LowerError> {
    verified(world, sym, lower_initializers(world, package, initializers, sym))
}

fn lower_initializers(
    world: &World<'_>,
    package: u32,
    initializers: &[&Initializer],
    sym: Sym,
) -> Res<Vec<Func>> {
    let env = Env::default();
    let files: Vec<_> = initializers.iter().map(|init| (init.file, init.rhs)).collect();
    let analysis = Analysis::of_expressions(world, &env, package, &files);
    let place = (package, files.first().map_or(0, |f| f.0));
    let mut lowering =
        Body::new(world, &env, place, (sym, Signature::default()), Rc::new(analysis));
    for init in initializers {
        lowering.enter_file(init.file);
        lowering.initializer(init)?;
    }
    lowering.return_nothing();
    Ok(lowering.finish())
}

/// Lowers a function literal outside functions.
pub(crate) fn lower_literal(
    world: &World<'_>,
    package: u32,
    file: u32,
    literal: ExprId,
    sym: Sym,
) -> Result<Vec<Func>, LowerError> {
    let env = Env::default();
    let analysis = Rc::new(Analysis::of_expressions(world, &env, package, &[(file, literal)]));
    verified(
        world,
        sym,
        closure::lower_literal(world, &env, (package, file), literal, sym, analysis),
    )
}
