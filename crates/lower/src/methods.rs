//! Methods that a type has without declaring them as such, and the functions that reach them.
//!
//! A type's method set lists methods of what it embeds, and a pointer's the methods of what it points to. For each the
//! program has a [wrapper](Wrapper): a function that takes the receiver as it is, goes to where the method is declared,
//! and calls it. Wrappers also stand for method expressions of interfaces (`I.M`) and, with the suffix `-fm`, for method
//! values (`x.M`), whose receiver is in the closure. Follows `cmd/compile/internal/noder/reader.go` (`methodWrapper`,
//! `methodValueWrapper`).

use crate::env::Env;
use crate::names;
use crate::world::{Definition, World};
use smallvec::SmallVec;
use trigo_ir::Sym;
use trigo_ir::build::Builder;
use trigo_ir::func::{Attrs, Func, Signature, Val};
use trigo_ir::inst::{Callee, Op, Terminator};
use trigo_ir::types::{Field, Method, Scalar, Shape, TypeId as IrType};
use trigo_types::{MethodEntry, ObjId, Type, TypeId};

/// Where the code addresses begin in an itab (`internal/abi.ITab.Fun`).
pub const ITAB_FUN: u32 = 24;

/// A function that reaches a method.
#[derive(Clone, Debug)]
pub struct Wrapper {
    /// The type of the receiver that it takes.
    receiver: IrType,
    /// The embedded fields to pass.
    path: SmallVec<[u32; 4]>,
    /// What is called at the end.
    target: Target,
    /// The method's type without receiver.
    ty: IrType,
    /// Whether the receiver is in the closure.
    bound: bool,
}

#[derive(Clone, Debug)]
enum Target {
    /// A declared method, and whether it takes a pointer.
    Method(Sym, bool),
    /// An interface's method, by its place.
    Interface(u32),
}

impl World<'_> {
    /// The function that takes a `receiver` and then the parameters of the method that `entry` reaches from there: the
    /// method itself, or a wrapper.
    pub fn method_func(&self, receiver: TypeId, entry: &MethodEntry) -> Sym {
        let ty = self.ty(receiver);
        let object = self.store.obj(entry.method);
        let wrapper = self.wrapper(receiver, entry);
        if let ([], Target::Method(sym, takes_pointer)) = (&*wrapper.path, &wrapper.target) {
            let is_pointer =
                matches!(self.store.typ(self.store.unalias(receiver)), Type::Pointer(_));
            if is_pointer == *takes_pointer {
                return *sym;
            }
        }
        let exported = self.store.is_exported(object.name);
        let pkg = object.pkg.filter(|_| !exported).map(|pkg| self.package_path(pkg));
        let pkg = pkg.map(|pkg| self.context.syms.text(pkg));
        let text = names::method(&self.context, ty, self.store.text(object.name), pkg);
        let sym = self.context.syms.intern(&text);
        self.define(sym, || Definition::Wrapper(wrapper));
        sym
    }

    /// The function that a method value of this receiver type calls: it takes the receiver from a closure of the type that
    /// [`World::method_value_type`] gives. The method is declared on the receiver's type, or an interface's.
    pub fn method_value_func(&self, receiver: TypeId, entry: &MethodEntry) -> Sym {
        let plain = self.method_func(receiver, entry);
        let sym = self.context.syms.intern(&format!("{}-fm", self.context.syms.text(plain)));
        self.define(sym, || {
            Definition::Wrapper(Wrapper { bound: true, ..self.wrapper(receiver, entry) })
        });
        sym
    }

    /// The type of a method value's closure: the code's address, then the receiver.
    pub fn method_value_type(&self, receiver: IrType) -> IrType {
        let uintptr = trigo_ir::types::Basic::Uintptr.id();
        let field = |name, ty| Field {
            name: self.context.syms.intern(name),
            pkg: None,
            ty,
            tag: Box::default(),
            embedded: false,
        };
        let fields = [field("F", uintptr), field("R", receiver)];
        self.context.types.intern(Shape::Struct(fields.into()))
    }

    fn wrapper(&self, receiver: TypeId, entry: &MethodEntry) -> Wrapper {
        let func = self.store.obj(entry.method).as_func().expect("a method");
        let (&last, path) = entry.path.split_last().expect("a path ends in the method");
        let target = match func.in_interface {
            true => Target::Interface(last),
            false => {
                let sym = self.func(&Env::default(), entry.method, &[]);
                Target::Method(sym, self.store.has_ptr_recv(entry.method))
            }
        };
        let ty = self.method_type(entry.method);
        Wrapper { receiver: self.ty(receiver), path: path.into(), target, ty, bound: false }
    }

    /// A method's type without its receiver.
    fn method_type(&self, method: ObjId) -> IrType {
        self.ty(self.store.func_type(method).expect("a checked method has a type"))
    }

    /// The methods that a type's descriptor lists; registers what they name.
    pub(crate) fn descriptor_methods(&self, ty: IrType) -> Box<[Method]> {
        let Some(t) = self.checker_type(ty) else { return Box::default() };
        if self.context.types.is_interface(ty) {
            return Box::default();
        }
        let direct = self.context.types.is_direct(ty);
        let in_interface = if direct { t } else { self.store.pointer(t) };
        let mut methods = Vec::new();
        for entry in self.store.method_set(t) {
            let object = self.store.obj(entry.method);
            let generic =
                self.store.func_type(entry.method).and_then(|t| self.store.as_signature(t));
            if generic.is_none_or(|sig| !sig.tparams.is_empty())
                || self.store.text(object.name) == "_"
            {
                continue;
            }
            let exported = self.store.is_exported(object.name);
            methods.push(Method {
                name: self.sym(object.name),
                pkg: object.pkg.filter(|_| !exported).map(|pkg| self.package_path(pkg)),
                ty: self.method_type(entry.method),
                ifn: self.method_func(in_interface, &entry),
                tfn: self.method_func(t, &entry),
            });
        }
        methods.into()
    }
}

/// Makes a wrapper.
pub(crate) fn build(world: &World<'_>, sym: Sym, wrapper: &Wrapper) -> Func {
    let context = &*world.context;
    let Shape::Func { params, results, .. } = context.types.shape(wrapper.ty) else {
        unreachable!("a method's type is a function type");
    };
    let own = if wrapper.bound { None } else { Some(wrapper.receiver) };
    let sig = Signature {
        params: own.into_iter().chain(params.iter().copied()).collect(),
        results: results.to_vec(),
    };
    let mut b = Builder::new(context, sym, sig);
    b.func.attrs = Attrs::WRAPPER.with(Attrs::DUPLICATE_OK);
    if wrapper.bound {
        b.func.attrs = b.func.attrs.with(Attrs::CLOSURE);
    }
    b.func.name = context.syms.intern(&names::shown(context.syms.text(sym)));
    let (place, args) = receiver_and_args(world, &mut b, wrapper);
    let place = walk(world, &mut b, wrapper, place);
    call(world, &mut b, wrapper, place, args);
    b.finish()
}

/// The address of a value, and its type.
struct Place {
    addr: Val,
    offset: u64,
    ty: IrType,
}

/// The operands of the entry block's parameters, taken one Go value at a time.
struct Params {
    vals: std::vec::IntoIter<Val>,
    next: usize,
}

impl Params {
    fn next(&mut self, b: &mut Builder<'_>, ty: IrType) -> SmallVec<[Val; 4]> {
        let param = self.next;
        self.next += 1;
        match b.context.types.parts(ty) {
            Some(parts) => self.vals.by_ref().take(parts.len()).collect(),
            None => {
                let slot = b.param_slot(param).expect("a parameter in memory form has a slot");
                [b.slot_addr(slot, 0)].into_iter().collect()
            }
        }
    }
}

/// Where the receiver is, and the operands that follow it.
fn receiver_and_args(
    world: &World<'_>,
    b: &mut Builder<'_>,
    wrapper: &Wrapper,
) -> (Place, SmallVec<[Val; 8]>) {
    let types = &world.context.types;
    let context = wrapper.bound.then(|| b.push(Op::Context, &[Scalar::Ptr])[0]);
    let params = b.func.sig.params.clone();
    let mut vals = Params { vals: b.params().to_vec().into_iter(), next: 0 };
    let mut rest = params.iter();
    let ty = wrapper.receiver;
    let is_pointer = types.name(ty).is_none() && matches!(types.shape(ty), Shape::Pointer(_));
    let place = match context {
        Some(addr) => {
            let closure = world.method_value_type(ty);
            let offset = types.layout(closure).fields[1];
            match types.shape(ty) {
                Shape::Pointer(elem) if is_pointer => {
                    let addr = b.load(Scalar::Ptr, addr, offset as u32);
                    Place { addr, offset: 0, ty: *elem }
                }
                _ => Place { addr, offset, ty },
            }
        }
        None => {
            rest.next();
            let own = vals.next(b, ty);
            match types.shape(ty) {
                Shape::Pointer(elem) if is_pointer => Place { addr: own[0], offset: 0, ty: *elem },
                _ if types.parts(ty).is_none() => Place { addr: own[0], offset: 0, ty },
                _ => {
                    let slot = b.slot(ty, None);
                    let addr = b.slot_addr(slot, 0);
                    for (part, &val) in types.parts(ty).unwrap_or_default().iter().zip(&own) {
                        b.store(addr, part.offset, val);
                    }
                    Place { addr, offset: 0, ty }
                }
            }
        }
    };
    let args = rest.flat_map(|&ty| vals.next(b, ty)).collect();
    (place, args)
}

/// Goes along the embedded fields.
fn walk(world: &World<'_>, b: &mut Builder<'_>, wrapper: &Wrapper, mut place: Place) -> Place {
    let types = &world.context.types;
    for &index in &wrapper.path {
        let Shape::Struct(fields) = types.shape(place.ty) else {
            unreachable!("only structs embed");
        };
        let field = fields[index as usize].ty;
        place.offset += types.layout(place.ty).fields[index as usize];
        place.ty = field;
        if let (Shape::Pointer(elem), None) = (types.shape(field), types.name(field)) {
            let addr = load(b, &place, Scalar::Ptr, 0);
            place = Place { addr, offset: 0, ty: *elem };
        }
    }
    place
}

/// Loads a part of what is at a place.
fn load(b: &mut Builder<'_>, place: &Place, scalar: Scalar, offset: u32) -> Val {
    let at = place.offset + u64::from(offset);
    if at < u64::from(trigo_ir::verify::MAX_OFFSET) {
        return b.load(scalar, place.addr, at as u32);
    }
    let addr = address(b, place);
    b.load(scalar, addr, offset)
}

/// The address of a place, which must not be that of a field of nothing.
fn address(b: &mut Builder<'_>, place: &Place) -> Val {
    if place.offset == 0 {
        return place.addr;
    }
    b.push(Op::NilCheck(place.addr), &[]);
    b.ptr_offset(place.addr, place.offset as i64)
}

fn call(
    world: &World<'_>,
    b: &mut Builder<'_>,
    wrapper: &Wrapper,
    place: Place,
    args: SmallVec<[Val; 8]>,
) {
    let types = &world.context.types;
    let mut operands: SmallVec<[Val; 8]> = SmallVec::new();
    let mut params = b.func.sig.params.clone();
    if !wrapper.bound {
        params.remove(0);
    }
    let callee = match wrapper.target {
        Target::Interface(index) => {
            world.note_interface_call(place.ty, index);
            let itab = load(b, &place, Scalar::Ptr, 0);
            operands.push(load(b, &place, Scalar::Ptr, 8));
            params.insert(0, trigo_ir::types::Basic::UnsafePointer.id());
            let code = b.load(Scalar::Ptr, itab, ITAB_FUN + 8 * index);
            Callee::Code(code)
        }
        Target::Method(sym, true) => {
            operands.push(address(b, &place));
            params.insert(0, types.intern(Shape::Pointer(place.ty)));
            Callee::Direct(sym)
        }
        Target::Method(sym, false) => {
            if wrapper.path.is_empty() && !wrapper.bound {
                panic_if_nil(world, b, place.addr);
            }
            match types.parts(place.ty) {
                Some(parts) => {
                    for part in parts {
                        let val = load(b, &place, part.scalar, part.offset);
                        operands.push(val);
                    }
                }
                None => operands.push(address(b, &place)),
            }
            params.insert(0, place.ty);
            Callee::Direct(sym)
        }
    };
    operands.extend(args);
    let results = b.func.sig.results.clone();
    let in_memory = |ty: &IrType| types.parts(*ty).is_none();
    if !params.iter().chain(&results).any(in_memory) {
        // Nothing of this frame is needed any more. So a chain of wrappers has the depth of one.
        let sig = Box::new(Signature { params, results });
        b.terminate(Terminator::TailCall { callee, sig, args: operands.into_iter().collect() });
        return;
    }
    let mut addresses = SmallVec::<[Option<Val>; 4]>::new();
    for &ty in &results {
        let memory = types.parts(ty).is_none();
        let addr = memory.then(|| {
            let slot = b.slot(ty, None);
            b.slot_addr(slot, 0)
        });
        operands.extend(addr);
        addresses.push(addr);
    }
    let made = b.call(callee, Signature { params, results: results.clone() }, &operands);
    let mut made = made.into_iter();
    let mut returned = SmallVec::new();
    for (&ty, addr) in results.iter().zip(addresses) {
        match addr {
            Some(addr) => returned.push(addr),
            None => returned.extend(made.by_ref().take(types.parts(ty).map_or(0, <[_]>::len))),
        }
    }
    b.terminate(Terminator::Return(returned));
}

/// A pointer's wrapper for a value's method panics with a text of its own when the pointer is nil.
fn panic_if_nil(world: &World<'_>, b: &mut Builder<'_>, addr: Val) {
    let (bad, good) = (b.new_block(), b.new_block());
    b.set_cold(bad);
    let null = b.null();
    let is_nil = b.compare(trigo_ir::inst::Cond::Eq, addr, null);
    b.branch(is_nil, bad, good);
    b.switch_to(bad);
    let panicwrap = world.func(&Env::default(), world.runtime("panicwrap"), &[]);
    b.call(Callee::Direct(panicwrap), Signature::default(), &[]);
    b.terminate(Terminator::Unreachable);
    b.switch_to(good);
}
