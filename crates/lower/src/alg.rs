//! Makes equality and hash functions; see [`trigo_ir::alg`].

use crate::env::Env;
use crate::world::{Definition, World};
use trigo_ir::Sym;
use trigo_ir::alg::Alg;
use trigo_ir::build::Builder;
use trigo_ir::func::{Attrs, Block, Func, Signature, Val};
use trigo_ir::inst::{BinaryOp, Callee, Cond, Terminator};
use trigo_ir::types::{Basic, Field, Scalar, Shape, TypeId};

impl World<'_> {
    /// The equality function of a type, registered; none if values cannot be compared. It takes the addresses of two
    /// values, which are not nil unless the type has size zero.
    pub fn equal_func(&self, ty: TypeId) -> Option<Sym> {
        let sym = self.context.equal_sym(ty)?;
        self.define(sym, || Definition::Equal(ty));
        Some(sym)
    }

    /// The hash function of a type, registered; none if values cannot be compared. It takes the address of a value and a
    /// seed.
    pub fn hash_func(&self, ty: TypeId) -> Option<Sym> {
        let sym = self.context.hash_sym(ty)?;
        self.define(sym, || Definition::Hash(ty));
        Some(sym)
    }
}

/// The signature of equality functions.
pub fn equal_signature() -> Signature {
    let pointer = Basic::UnsafePointer.id();
    Signature { params: vec![pointer, pointer], results: vec![Basic::Bool.id()] }
}

/// The signature of hash functions.
pub fn hash_signature() -> Signature {
    let uintptr = Basic::Uintptr.id();
    Signature { params: vec![Basic::UnsafePointer.id(), uintptr], results: vec![uintptr] }
}

/// A run of bytes, or a part with an algorithm of its own.
enum Piece {
    Bytes { offset: u64, size: u64 },
    Part { offset: u64, ty: TypeId },
}

/// What a struct is compared by, in the order of its fields.
fn pieces(world: &World<'_>, ty: TypeId, fields: &[Field]) -> Vec<Piece> {
    let context = &*world.context;
    let mut pieces = Vec::new();
    for (field, &at) in fields.iter().zip(&context.types.layout(ty).fields) {
        if context.is_blank(field) {
            continue;
        }
        match (context.alg(field.ty), pieces.last_mut()) {
            (Alg::Memory(more), Some(Piece::Bytes { offset, size })) if *offset + *size == at => {
                *size += more
            }
            (Alg::Memory(size), _) => pieces.push(Piece::Bytes { offset: at, size }),
            _ => pieces.push(Piece::Part { offset: at, ty: field.ty }),
        }
    }
    pieces
}

fn builder<'w>(world: &'w World<'_>, sym: Sym, sig: Signature) -> Builder<'w> {
    let mut b = Builder::new(&world.context, sym, sig);
    b.func.attrs = Attrs::DUPLICATE_OK;
    b
}

fn give(b: &mut Builder<'_>, val: Val) {
    b.terminate(Terminator::Return([val].into_iter().collect()));
}

/// Calls a function of the runtime that has no type parameters.
fn call_runtime(world: &World<'_>, b: &mut Builder<'_>, name: &str, args: &[Val]) -> Val {
    let obj = world.runtime(name);
    let sym = world.func(&Env::default(), obj, &[]);
    let ty = world.ty(world.store.obj_type(obj));
    let Shape::Func { params, results, .. } = world.context.types.shape(ty) else {
        unreachable!("a function has a function type");
    };
    let sig = Signature { params: params.to_vec(), results: results.to_vec() };
    world.note_extern(sym, &sig);
    b.call(Callee::Direct(sym), sig, args)[0]
}

/// Makes the equality function of a type.
pub(crate) fn build_equal(world: &World<'_>, sym: Sym, ty: TypeId) -> Func {
    let mut b = builder(world, sym, equal_signature());
    let [p, q] = [b.params()[0], b.params()[1]];
    let differ = b.new_block();
    equal(world, &mut b, ty, [p, q], 0, differ);
    let yes = b.iconst(Scalar::I8, 1);
    give(&mut b, yes);
    b.switch_to(differ);
    let no = b.iconst(Scalar::I8, 0);
    give(&mut b, no);
    b.finish()
}

/// Goes on if the values at an offset are equal, else to `differ`.
fn equal(
    world: &World<'_>,
    b: &mut Builder<'_>,
    ty: TypeId,
    at: [Val; 2],
    offset: u64,
    differ: Block,
) {
    use Scalar::{F32, F64, Ptr};
    let context = &*world.context;
    match context.alg(ty) {
        Alg::None => unreachable!("values that cannot be compared"),
        Alg::Memory(size) => equal_bytes(world, b, at, offset, size, differ),
        Alg::Float32 => equal_scalars(b, F32, at, offset, differ),
        Alg::Float64 => equal_scalars(b, F64, at, offset, differ),
        Alg::Complex64 => [0, 4].iter().for_each(|i| equal_scalars(b, F32, at, offset + i, differ)),
        Alg::Complex128 => {
            [0, 8].iter().for_each(|i| equal_scalars(b, F64, at, offset + i, differ))
        }
        Alg::String => {
            equal_lengths(b, at, offset, differ);
            equal_contents(world, b, at, offset, differ);
        }
        alg @ (Alg::Interface | Alg::EmptyInterface) => {
            let kinds = at.map(|p| load(b, Ptr, p, offset));
            unless_equal(b, Cond::Eq, kinds, differ);
            let [x, y] = at.map(|p| load(b, Ptr, p, offset + 8));
            let name = if alg == Alg::Interface { "ifaceeq" } else { "efaceeq" };
            let (some, done) = (b.new_block(), b.new_block());
            let null = b.null();
            let is_nil = b.compare(Cond::Eq, kinds[0], null);
            b.branch(is_nil, done, some);
            b.switch_to(some);
            let kind = kinds[0];
            let same = call_runtime(world, b, name, &[kind, x, y]);
            b.branch(same, done, differ);
            b.switch_to(done);
        }
        Alg::Parts => match context.types.shape(ty) {
            Shape::Struct(_) => equal_struct(world, b, ty, at, offset, differ),
            Shape::Array { len, elem } => {
                let size = context.types.size(*elem) as i64;
                each_element(b, *len, |b, i| {
                    let at = at.map(|p| element(b, p, offset, i, size));
                    let func = world.equal_func(*elem).expect("the array can be compared");
                    let same = b.call(Callee::Direct(func), equal_signature(), &at)[0];
                    unless(b, same, differ);
                });
            }
            _ => unreachable!("only arrays and structs have parts"),
        },
    }
}

/// Compares a struct's parts as gc does (`cmd/compile/internal/compare.EqStruct`): what is cheap first, such as the lengths
/// of strings, but nothing before or behind a comparison that may panic which is not there in the source.
fn equal_struct(
    world: &World<'_>,
    b: &mut Builder<'_>,
    ty: TypeId,
    at: [Val; 2],
    offset: u64,
    differ: Block,
) {
    let mut parts = Vec::new();
    flatten(world, ty, offset, &mut parts);
    for group in parts.chunk_by(|x, y| !may_panic(world, x) && !may_panic(world, y)) {
        for part in group {
            match *part {
                Piece::Bytes { offset, size } if size <= CHEAP => {
                    equal_bytes(world, b, at, offset, size, differ);
                }
                Piece::Bytes { .. } => {}
                Piece::Part { offset, ty } => match world.context.alg(ty) {
                    Alg::String => equal_lengths(b, at, offset, differ),
                    _ => equal(world, b, ty, at, offset, differ),
                },
            }
        }
        for part in group {
            match *part {
                Piece::Bytes { offset, size } if size > CHEAP => {
                    equal_bytes(world, b, at, offset, size, differ);
                }
                Piece::Part { offset, ty } if world.context.alg(ty) == Alg::String => {
                    equal_contents(world, b, at, offset, differ);
                }
                _ => {}
            }
        }
    }
}

/// Bytes that are compared by a few loads.
const CHEAP: u64 = 16;

/// The pieces of a struct, those of the structs in it among them.
fn flatten(world: &World<'_>, ty: TypeId, offset: u64, found: &mut Vec<Piece>) {
    let Shape::Struct(fields) = world.context.types.shape(ty) else {
        unreachable!("it has fields");
    };
    for piece in pieces(world, ty, fields) {
        match piece {
            Piece::Bytes { offset: o, size } => {
                found.push(Piece::Bytes { offset: offset + o, size });
            }
            Piece::Part { offset: o, ty } => match world.context.types.shape(ty) {
                Shape::Struct(_) => flatten(world, ty, offset + o, found),
                _ => found.push(Piece::Part { offset: offset + o, ty }),
            },
        }
    }
}

/// Whether comparing may panic: interfaces may hold what cannot be compared, and arrays may hold interfaces.
fn may_panic(world: &World<'_>, piece: &Piece) -> bool {
    match *piece {
        Piece::Bytes { .. } => false,
        Piece::Part { ty, .. } => {
            matches!(world.context.alg(ty), Alg::Interface | Alg::EmptyInterface | Alg::Parts)
        }
    }
}

fn equal_lengths(b: &mut Builder<'_>, at: [Val; 2], offset: u64, differ: Block) {
    equal_scalars(b, Scalar::I64, at, offset + 8, differ);
}

/// Compares strings that are equally long.
fn equal_contents(
    world: &World<'_>,
    b: &mut Builder<'_>,
    at: [Val; 2],
    offset: u64,
    differ: Block,
) {
    let [p, q] = at.map(|p| load(b, Scalar::Ptr, p, offset));
    let len = load(b, Scalar::I64, at[0], offset + 8);
    let same = call_runtime(world, b, "memequal", &[p, q, len]);
    unless(b, same, differ);
}

/// A loop over `0..len`.
fn each_element(b: &mut Builder<'_>, len: u64, body: impl FnOnce(&mut Builder<'_>, Val)) {
    let (head, inside, done) = (b.new_block(), b.new_block(), b.new_block());
    let i = b.block_param(head, Scalar::I64);
    let zero = b.iconst(Scalar::I64, 0);
    b.jump(head, &[zero]);
    b.switch_to(head);
    let len = b.iconst(Scalar::I64, len as i64);
    let more = b.compare(Cond::Ult, i, len);
    b.branch(more, inside, done);
    b.switch_to(inside);
    body(b, i);
    let one = b.iconst(Scalar::I64, 1);
    let next = b.binary(BinaryOp::Add, i, one);
    b.jump(head, &[next]);
    b.switch_to(done);
}

fn element(b: &mut Builder<'_>, base: Val, offset: u64, i: Val, size: i64) -> Val {
    let size = b.iconst(Scalar::I64, size);
    let bytes = b.binary(BinaryOp::Mul, i, size);
    let base = b.ptr_offset(base, offset as i64);
    b.ptr_add(base, bytes)
}

fn load(b: &mut Builder<'_>, scalar: Scalar, base: Val, offset: u64) -> Val {
    if offset < u64::from(trigo_ir::verify::MAX_OFFSET) {
        return b.load(scalar, base, offset as u32);
    }
    let addr = b.ptr_offset(base, offset as i64);
    b.load(scalar, addr, 0)
}

fn unless(b: &mut Builder<'_>, same: Val, differ: Block) {
    let next = b.new_block();
    b.branch(same, next, differ);
    b.switch_to(next);
}

fn unless_equal(b: &mut Builder<'_>, cond: Cond, [x, y]: [Val; 2], differ: Block) {
    let same = b.compare(cond, x, y);
    unless(b, same, differ);
}

fn equal_scalars(b: &mut Builder<'_>, scalar: Scalar, at: [Val; 2], offset: u64, differ: Block) {
    let cond = match scalar {
        Scalar::F32 | Scalar::F64 => Cond::FEq,
        _ => Cond::Eq,
    };
    let loaded = at.map(|p| load(b, scalar, p, offset));
    unless_equal(b, cond, loaded, differ);
}

/// Up to four loads each; more go to the runtime.
fn equal_bytes(
    world: &World<'_>,
    b: &mut Builder<'_>,
    at: [Val; 2],
    offset: u64,
    size: u64,
    differ: Block,
) {
    const MOST: usize = 4;
    let mut loads = Vec::new();
    let mut done = 0;
    while done < size && loads.len() <= MOST {
        let scalar = match size - done {
            8.. => Scalar::I64,
            4.. => Scalar::I32,
            2.. => Scalar::I16,
            _ => Scalar::I8,
        };
        loads.push((scalar, offset + done));
        done += scalar.size();
    }
    if loads.len() <= MOST {
        loads.into_iter().for_each(|(scalar, offset)| equal_scalars(b, scalar, at, offset, differ));
        return;
    }
    let [p, q] = at.map(|p| b.ptr_offset(p, offset as i64));
    let size = b.iconst(Scalar::I64, size as i64);
    let same = call_runtime(world, b, "memequal", &[p, q, size]);
    unless(b, same, differ);
}

/// Makes the hash function of a type.
pub(crate) fn build_hash(world: &World<'_>, sym: Sym, ty: TypeId) -> Func {
    let mut b = builder(world, sym, hash_signature());
    let [p, seed] = [b.params()[0], b.params()[1]];
    let hash = hash(world, &mut b, ty, p, 0, seed);
    give(&mut b, hash);
    b.finish()
}

fn hash(
    world: &World<'_>,
    b: &mut Builder<'_>,
    ty: TypeId,
    base: Val,
    offset: u64,
    seed: Val,
) -> Val {
    let context = &*world.context;
    let simple = match context.alg(ty) {
        Alg::None => unreachable!("values that cannot be compared"),
        Alg::Memory(size) => return hash_bytes(world, b, base, offset, size, seed),
        Alg::String => "strhash",
        Alg::Interface => "interhash",
        Alg::EmptyInterface => "nilinterhash",
        Alg::Float32 => "f32hash",
        Alg::Float64 => "f64hash",
        Alg::Complex64 => "c64hash",
        Alg::Complex128 => "c128hash",
        Alg::Parts => match context.types.shape(ty) {
            Shape::Struct(fields) => {
                let pieces = pieces(world, ty, fields);
                return pieces.into_iter().fold(seed, |seed, piece| match piece {
                    Piece::Bytes { offset: o, size } => {
                        hash_bytes(world, b, base, offset + o, size, seed)
                    }
                    Piece::Part { offset: o, ty } => hash(world, b, ty, base, offset + o, seed),
                });
            }
            Shape::Array { len, elem } => {
                return hash_array(world, b, *len, *elem, [base, seed], offset);
            }
            _ => unreachable!("only arrays and structs have parts"),
        },
    };
    let p = b.ptr_offset(base, offset as i64);
    call_runtime(world, b, simple, &[p, seed])
}

fn hash_bytes(
    world: &World<'_>,
    b: &mut Builder<'_>,
    base: Val,
    offset: u64,
    size: u64,
    seed: Val,
) -> Val {
    let p = b.ptr_offset(base, offset as i64);
    match size {
        0 => seed,
        4 => call_runtime(world, b, "memhash32", &[p, seed]),
        8 => call_runtime(world, b, "memhash64", &[p, seed]),
        _ => {
            let size = b.iconst(Scalar::I64, size as i64);
            call_runtime(world, b, "memhash", &[p, seed, size])
        }
    }
}

fn hash_array(
    world: &World<'_>,
    b: &mut Builder<'_>,
    len: u64,
    elem: TypeId,
    [base, seed]: [Val; 2],
    offset: u64,
) -> Val {
    let uintptr = Basic::Uintptr.id();
    let slot = b.slot(uintptr, None);
    let addr = b.slot_addr(slot, 0);
    b.store(addr, 0, seed);
    let size = world.context.types.size(elem) as i64;
    each_element(b, len, |b, i| {
        let p = element(b, base, offset, i, size);
        let func = world.hash_func(elem).expect("the array can be compared");
        let seed = b.load(Scalar::I64, addr, 0);
        let hash = b.call(Callee::Direct(func), hash_signature(), &[p, seed])[0];
        b.store(addr, 0, hash);
    });
    b.load(Scalar::I64, addr, 0)
}
