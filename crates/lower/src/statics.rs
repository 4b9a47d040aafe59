//! Package variables that are data: initialisers that the compiler evaluates.
//!
//! Constants, strings, functions, composite literals of such, their addresses and those of variables, slices over arrays
//! that are data, and conversions of all these to interfaces need no code. What is left of a package's initialisation goes
//! to its initialiser, in the order that the checker found. Follows `cmd/compile/internal/staticinit`.

mod embed;

use crate::env::Env;
use crate::world::{Definition, World};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use trigo_ir::Sym;
use trigo_ir::data::{Data, Reloc, RelocTarget, Section};
use trigo_ir::types::{Basic, Shape, TypeId as IrType};
use trigo_syntax::ast::{ExprId, ExprKind, File};
use trigo_syntax::token::Op;
use trigo_types::constant::Value;
use trigo_types::{
    Builtin, FileInfo, Initializer, MethodEntry, Mode, ObjId, ObjKind, SelectionKind, Type, TypeId,
    VarKind,
};

/// What a package's variables are before its code runs.
pub(crate) struct Statics {
    /// The contents of those that begin as data.
    variables: FxHashMap<ObjId, Arc<Data>>,
    /// What code does, in order.
    pub segments: Vec<Segment>,
}

/// Successive steps of a package's initialisation that are done by one function.
pub(crate) struct Segment {
    /// The steps, by their places in [`Info::init_order`](trigo_types::Info).
    pub steps: Vec<usize>,
    /// The variable without which the only step can be left out, because it does nothing else than make its value.
    pub only_for: Option<ObjId>,
}

impl Statics {
    /// Appends a step: to the last segment, unless one of the two can be left out.
    fn step(&mut self, step: usize, only_for: Option<ObjId>) {
        match self.segments.last_mut() {
            Some(last) if last.only_for.is_none() && only_for.is_none() => last.steps.push(step),
            _ => self.segments.push(Segment { steps: vec![step], only_for }),
        }
    }
}

impl World<'_> {
    /// What the variables of a package begin as.
    pub(crate) fn statics(&self, package: u32) -> &Statics {
        self.static_data(package).get_or_init(|| Evaluator::package(self, package))
    }

    /// A package variable as it is before any code runs.
    pub(crate) fn variable_data(&self, obj: ObjId) -> Data {
        let object = self.store.obj(obj);
        let package = object.pkg.and_then(|pkg| self.package_index(pkg));
        let package = package.expect("a package variable's package is in the program");
        match self.statics(package).variables.get(&obj) {
            Some(data) => (**data).clone(),
            None => Data {
                sym: self.variable(obj),
                ty: self.ty(self.store.obj_type(obj)),
                bytes: Vec::new(),
                relocs: Vec::new(),
                section: Section::Variable,
                pos: self.object_pos(obj),
            },
        }
    }
}

/// The first bytes of a value, and addresses in it. What is not written is zero.
#[derive(Default)]
struct Image {
    bytes: Vec<u8>,
    relocs: Vec<Reloc>,
}

impl Image {
    fn write(&mut self, at: u64, bytes: &[u8]) {
        let used = bytes.len() - bytes.iter().rev().take_while(|&&b| b == 0).count();
        if used > 0 {
            let at = at as usize;
            self.bytes.resize(self.bytes.len().max(at + used), 0);
            self.bytes[at..at + used].copy_from_slice(&bytes[..used]);
        }
    }

    fn address(&mut self, at: u64, target: RelocTarget, addend: u64) {
        self.relocs.push(Reloc { at, target, addend: addend as i64 });
    }

    fn string(&mut self, at: u64, text: &[u8]) {
        if !text.is_empty() {
            self.address(at, RelocTarget::Bytes(text.into()), 0);
            self.write(at + 8, &(text.len() as u64).to_le_bytes());
        }
    }

    fn slice(&mut self, at: u64, array: RelocTarget, offset: u64, [len, cap]: [u64; 2]) {
        self.address(at, array, offset);
        self.write(at + 8, &len.to_le_bytes());
        self.write(at + 16, &cap.to_le_bytes());
    }

    fn finish(mut self, sym: Sym, ty: IrType, section: Section) -> Data {
        self.relocs.sort_by_key(|r| r.at);
        Data { sym, ty, bytes: self.bytes, relocs: self.relocs, section, pos: None }
    }
}

/// Where a variable or a part of one is.
struct Place {
    sym: Sym,
    offset: u64,
    ty: TypeId,
}

struct Evaluator<'w, 'a> {
    world: &'w World<'a>,
    package: u32,
    /// The file of the initialiser at hand.
    file: u32,
    /// Data without a name of its own that the initialiser at hand needs.
    parts: Vec<Data>,
    /// How many such there are in the package.
    count: usize,
}

/// Evaluation gives nothing where code is needed.
type Static = Option<()>;

impl<'w, 'a> Evaluator<'w, 'a> {
    fn package(world: &'w World<'a>, package: u32) -> Statics {
        let mut this = Evaluator { world, package, file: 0, parts: Vec::new(), count: 0 };
        let mut statics = Statics { variables: FxHashMap::default(), segments: Vec::new() };
        for (i, init) in world.packages[package as usize].info.init_order.iter().enumerate() {
            match this.initializer(init) {
                Some(Some((obj, data))) => {
                    statics.variables.insert(obj, Arc::new(data));
                }
                Some(None) => {}
                None => match init.lhs.as_slice() {
                    &[obj] if this.is_pure(init.rhs) => {
                        if world.store.obj_name(obj) != "_" {
                            statics.step(i, Some(obj));
                        }
                    }
                    _ => statics.step(i, None),
                },
            }
        }
        for embed in &world.packages[package as usize].embeds {
            let (obj, data) = this.embedded(embed);
            statics.variables.insert(obj, Arc::new(data));
        }
        statics
    }

    /// The variable and its contents, if no code is needed; no variable for `_`.
    fn initializer(&mut self, init: &Initializer) -> Option<Option<(ObjId, Data)>> {
        let &[obj] = init.lhs.as_slice() else { return None };
        self.file = init.file;
        let ty = self.world.store.obj_type(obj);
        let before = self.count;
        let mut image = Image::default();
        let done = self.value(init.rhs, ty, &mut image, 0);
        if done.is_none() {
            self.parts.clear();
            self.count = before;
            return None;
        }
        if self.world.store.obj_name(obj) == "_" {
            self.parts.clear();
            return Some(None);
        }
        self.define_parts();
        let mut data = image.finish(self.world.variable(obj), self.world.ty(ty), Section::Variable);
        data.pos = self.world.object_pos(obj);
        Some(Some((obj, data)))
    }

    /// Registers the data without a name of its own that was made.
    fn define_parts(&mut self) {
        for data in self.parts.drain(..) {
            self.world.define(data.sym, || Definition::Data(Arc::new(data)));
        }
    }

    /// Whether evaluating an expression of the initialiser at hand does nothing but give its value.
    fn is_pure(&self, e: ExprId) -> bool {
        let (tree, info) = (self.tree(), self.info());
        let e = tree.unparen(e);
        let Some((mode, _)) = info.typ(e) else { return false };
        if matches!(mode, Mode::Constant | Mode::Nil | Mode::Type) {
            return true;
        }
        match tree[e].kind {
            ExprKind::Name(_) | ExprKind::FuncLit { .. } => true,
            ExprKind::Selector { x, .. } => match info.selections.get(&e) {
                Some(selection) => {
                    !selection.indirect
                        && selection.kind != SelectionKind::Method
                        && self.is_pure(x)
                }
                None => true,
            },
            ExprKind::Composite { elems, .. } => tree[elems].iter().all(|&e| match tree[e].kind {
                ExprKind::KeyValue { key, value } => self.is_pure_key(key) && self.is_pure(value),
                _ => self.is_pure(e),
            }),
            ExprKind::Unary { op: Op::And, x } => {
                matches!(tree[tree.unparen(x)].kind, ExprKind::Composite { .. } | ExprKind::Name(_))
                    && self.is_pure(x)
            }
            ExprKind::Call { fun, args, .. } => {
                let makes = match info.typ(tree.unparen(fun)) {
                    Some((Mode::Builtin, _)) => self.is_new(fun),
                    Some((Mode::Type, to)) => !matches!(
                        self.world.store.typ(self.world.store.under(to)),
                        Type::Array { .. } | Type::Pointer(_)
                    ),
                    _ => false,
                };
                makes && tree[args].iter().all(|&arg| self.is_pure(arg))
            }
            _ => false,
        }
    }

    /// Keys of structs are field names, which have no type. Interfaces as keys of maps may fail to be hashed.
    fn is_pure_key(&self, key: ExprId) -> bool {
        let is_field =
            |obj| self.world.store.obj(obj).as_var().is_some_and(|v| v.kind == VarKind::Field);
        self.info().object(key).is_some_and(is_field)
            || self.info().value(self.tree().unparen(key)).is_some()
    }

    fn is_new(&self, fun: ExprId) -> bool {
        let obj = self.info().object(self.tree().unparen(fun));
        obj.is_some_and(|obj| {
            matches!(self.world.store.obj(obj).kind, ObjKind::Builtin(Builtin::New))
        })
    }

    fn tree(&self) -> &'w File {
        &self.world.packages[self.package as usize].files[self.file as usize]
    }

    fn info(&self) -> &'w FileInfo {
        &self.world.packages[self.package as usize].info.files[self.file as usize]
    }

    /// Puts an expression's value, converted to `target` if that is an interface, into an image.
    fn value(&mut self, e: ExprId, target: TypeId, image: &mut Image, at: u64) -> Static {
        let store = self.world.store;
        let e = self.tree().unparen(e);
        let (mode, t) = self.info().typ(e)?;
        if mode == Mode::Nil {
            return Some(());
        }
        if store.is_interface(target) && !store.is_interface(t) {
            return self.boxed(e, t, target, image, at);
        }
        if let Some(value) = self.info().value(e) {
            return self.constant(value, t, image, at);
        }
        match self.tree()[e].kind {
            ExprKind::Composite { elems, .. } => match store.typ(store.under(t)) {
                // An elided `&T` in a literal of pointers.
                Type::Pointer(elem) => {
                    let sym = self.part(*elem, Section::Variable, |this, image| {
                        this.composite(&this.tree()[elems], *elem, image, 0)
                    })?;
                    image.address(at, RelocTarget::Sym(sym), 0);
                    Some(())
                }
                _ => self.composite(&self.tree()[elems], t, image, at),
            },
            ExprKind::Unary { op: Op::And, x } => self.address(x, image, at),
            ExprKind::FuncLit { .. } => {
                let sym = self.world.package_literal(self.package, self.file, e);
                image.address(at, RelocTarget::FuncValue(sym), 0);
                Some(())
            }
            ExprKind::Name(_) | ExprKind::Selector { .. } | ExprKind::Index { .. } => {
                let sym = self.function(e)?;
                image.address(at, RelocTarget::FuncValue(sym), 0);
                Some(())
            }
            ExprKind::Slice { x, lo, hi, max, .. } => self.slice(x, [lo, hi, max], image, at),
            ExprKind::Call { fun, args, .. } => {
                let (Mode::Type, to) = self.info().typ(self.tree().unparen(fun))? else {
                    return None;
                };
                let &[x] = &self.tree()[args] else { return None };
                self.conversion(x, to, image, at)
            }
            _ => None,
        }
    }

    /// A value in an interface: its type or itab, then itself or its address.
    fn boxed(
        &mut self,
        e: ExprId,
        t: TypeId,
        target: TypeId,
        image: &mut Image,
        at: u64,
    ) -> Static {
        let types = &self.world.context.types;
        let (ty, iface) = (self.world.ty(t), self.world.ty(target));
        let first = match types.shape(iface) {
            Shape::Interface(methods) if methods.is_empty() => RelocTarget::Type(ty),
            _ => RelocTarget::Itab(iface, ty),
        };
        if types.is_direct(ty) {
            self.value(e, t, image, at + 8)?;
        } else {
            let sym = self.part(t, Section::Constant, |this, image| this.value(e, t, image, 0))?;
            image.address(at + 8, RelocTarget::Sym(sym), 0);
        }
        image.address(at, first, 0);
        Some(())
    }

    /// Makes data without a name of its own.
    fn part(
        &mut self,
        t: TypeId,
        section: Section,
        fill: impl FnOnce(&mut Self, &mut Image) -> Static,
    ) -> Option<Sym> {
        let ty = self.world.ty(t);
        self.part_of(ty, section, fill)
    }

    fn part_of(
        &mut self,
        ty: IrType,
        section: Section,
        fill: impl FnOnce(&mut Self, &mut Image) -> Static,
    ) -> Option<Sym> {
        let number = self.count;
        self.count += 1;
        let mut image = Image::default();
        fill(self, &mut image)?;
        let prefix = self.world.prefix(self.world.packages[self.package as usize].pkg);
        let sym = self.world.context.syms.intern(&format!("{prefix}..stmp_{number}"));
        self.parts.push(image.finish(sym, ty, section));
        Some(sym)
    }

    fn constant(&mut self, value: &Value, t: TypeId, image: &mut Image, at: u64) -> Static {
        let ty = self.world.ty(t);
        let Shape::Basic(basic) = *self.world.context.types.shape(ty) else { return None };
        match constant_scalars(value, basic)? {
            Constant::String(text) => image.string(at, text),
            Constant::Scalars(list) => {
                let parts = self.world.context.types.parts(ty)?;
                for (part, bits) in parts.iter().zip(list) {
                    let bytes = bits.to_le_bytes();
                    image.write(at + u64::from(part.offset), &bytes[..part.scalar.size() as usize]);
                }
            }
        }
        Some(())
    }

    fn composite(&mut self, elems: &[ExprId], t: TypeId, image: &mut Image, at: u64) -> Static {
        let store = self.world.store;
        match store.typ(store.under(t)) {
            Type::Struct(_) => {
                for (i, &e) in elems.iter().enumerate() {
                    let (path, value) = match self.tree()[e].kind {
                        ExprKind::KeyValue { key, value } => (self.field_path(t, key)?, value),
                        _ => (vec![i as u32], e),
                    };
                    let (offset, field) = self.field(t, &path)?;
                    match self.is_blank(t, &path) {
                        // Nothing is stored in it, but its value may need code.
                        true => self.value(value, field, &mut Image::default(), 0)?,
                        false => self.value(value, field, image, at + offset)?,
                    }
                }
                Some(())
            }
            Type::Array { elem, .. } => self.elements(elems, *elem, image, at).map(|_| ()),
            Type::Slice(elem) => {
                let mut array = Image::default();
                let len = self.elements(elems, *elem, &mut array, 0)?;
                let elem = self.world.ty(*elem);
                let ty = self.world.context.types.intern(Shape::Array { len, elem });
                let sym = self.part_of(ty, Section::Variable, |_, image| {
                    *image = array;
                    Some(())
                })?;
                image.slice(at, RelocTarget::Sym(sym), 0, [len, len]);
                Some(())
            }
            // Maps are made by code.
            _ => None,
        }
    }

    /// Puts elements, with or without indices, one after another; gives the least length that holds them.
    fn elements(
        &mut self,
        elems: &[ExprId],
        elem: TypeId,
        image: &mut Image,
        at: u64,
    ) -> Option<u64> {
        let size = self.world.context.types.size(self.world.ty(elem));
        let (mut index, mut len) = (0u64, 0);
        for &e in elems {
            let value = match self.tree()[e].kind {
                ExprKind::KeyValue { key, value } => {
                    index = self.info().value(self.tree().unparen(key))?.to_int().as_u64()?;
                    value
                }
                _ => e,
            };
            self.value(value, elem, image, at + index * size)?;
            index += 1;
            len = len.max(index);
        }
        Some(len)
    }

    /// The way from a struct to the field that a key names.
    fn field_path(&self, t: TypeId, key: ExprId) -> Option<Vec<u32>> {
        let ident = self.tree().as_ident(key)?;
        let pkg = self.world.packages[self.package as usize].pkg;
        match self.world.store.lookup(t, true, Some(pkg), self.tree().symbol(ident)) {
            trigo_types::Lookup::Found { path, .. } => Some(path.to_vec()),
            _ => None,
        }
    }

    /// Whether a way ends at a field of this struct without a name.
    fn is_blank(&self, t: TypeId, path: &[u32]) -> bool {
        let store = self.world.store;
        match (store.typ(store.under(t)), path) {
            (Type::Struct(st), &[i]) => store.obj_name(st.fields[i as usize]) == "_",
            _ => false,
        }
    }

    /// The offset and type of a field; none if a pointer is on the way.
    fn field(&self, mut t: TypeId, path: &[u32]) -> Option<(u64, TypeId)> {
        let store = self.world.store;
        let mut offset = 0;
        for &i in path {
            let Type::Struct(st) = store.typ(store.under(t)) else { return None };
            offset += self.world.context.types.layout(self.world.ty(t)).fields[i as usize];
            t = store.obj_type(st.fields[i as usize]);
        }
        Some((offset, t))
    }

    /// `&x`
    fn address(&mut self, x: ExprId, image: &mut Image, at: u64) -> Static {
        let x = self.tree().unparen(x);
        if let ExprKind::Composite { elems, .. } = self.tree()[x].kind {
            let (_, t) = self.info().typ(x)?;
            let sym = self.part(t, Section::Variable, |this, image| {
                this.composite(&this.tree()[elems], t, image, 0)
            })?;
            image.address(at, RelocTarget::Sym(sym), 0);
            return Some(());
        }
        let place = self.place(x)?;
        image.address(at, RelocTarget::Sym(place.sym), place.offset);
        Some(())
    }

    /// A variable, a field of one, or an element at a constant index.
    fn place(&self, e: ExprId) -> Option<Place> {
        let store = self.world.store;
        let e = self.tree().unparen(e);
        match self.tree()[e].kind {
            ExprKind::Name(_) => self.variable(self.info().object(e)?),
            ExprKind::Selector { x, sel } => match self.info().selections.get(&e) {
                None => self.variable(self.info().object(sel.expr())?),
                Some(selection) => {
                    let place = self.place(x)?;
                    let (offset, ty) = self.field(place.ty, &selection.path)?;
                    Some(Place { sym: place.sym, offset: place.offset + offset, ty })
                }
            },
            ExprKind::Index { x, args, .. } => {
                let place = self.place(x)?;
                let Type::Array { elem, len } = store.typ(store.under(place.ty)) else {
                    return None;
                };
                let index = self
                    .info()
                    .value(self.tree().unparen(self.tree()[args][0]))?
                    .to_int()
                    .as_u64()?;
                let size = self.world.context.types.size(self.world.ty(*elem));
                (index < *len as u64).then(|| Place {
                    sym: place.sym,
                    offset: place.offset + index * size,
                    ty: *elem,
                })
            }
            _ => None,
        }
    }

    fn variable(&self, obj: ObjId) -> Option<Place> {
        match &self.world.store.obj(obj).kind {
            ObjKind::Var(var) if var.kind == VarKind::Package => {
                let ty = self.world.store.obj_type(obj);
                Some(Place { sym: self.world.variable(obj), offset: 0, ty })
            }
            _ => None,
        }
    }

    /// A declared function, an instance of one, or a method expression.
    fn function(&self, e: ExprId) -> Option<Sym> {
        let (tree, info) = (self.tree(), self.info());
        let ident = match tree[e].kind {
            ExprKind::Name(_) => e,
            ExprKind::Selector { sel, .. } => match info.selections.get(&e) {
                Some(selection) if selection.kind == SelectionKind::MethodExpr => {
                    let (method, path) = (selection.obj, selection.path.clone());
                    let entry = MethodEntry { method, path, indirect: selection.indirect };
                    return Some(self.world.method_func(selection.recv, &entry));
                }
                Some(_) => return None,
                None => sel.expr(),
            },
            ExprKind::Index { x, .. } => return self.function(tree.unparen(x)),
            _ => return None,
        };
        let obj = info.object(ident)?;
        self.world.store.obj(obj).as_func()?;
        let targs = info.instances.get(&ident).map_or(&[][..], |i| &i.targs);
        Some(self.world.func(&Env::default(), obj, targs))
    }

    /// `x[lo:hi:max]` of an array that is a variable, or of a literal's address.
    fn slice(
        &mut self,
        x: ExprId,
        bounds: [Option<ExprId>; 3],
        image: &mut Image,
        at: u64,
    ) -> Static {
        let store = self.world.store;
        let place = self.place(x)?;
        let Type::Array { elem, len } = store.typ(store.under(place.ty)) else { return None };
        let whole = *len as u64;
        let mut values = [0, whole, whole];
        for (value, bound) in values.iter_mut().zip(bounds) {
            if let Some(bound) = bound {
                *value = self.info().value(self.tree().unparen(bound))?.to_int().as_u64()?;
            }
        }
        let [lo, hi, max] = values;
        if !(lo <= hi && hi <= max && max <= whole) {
            return None;
        }
        let size = self.world.context.types.size(self.world.ty(*elem));
        // An empty tail's address would be that of what lies behind.
        let offset = if max == lo { 0 } else { lo * size };
        image.slice(at, RelocTarget::Sym(place.sym), place.offset + offset, [hi - lo, max - lo]);
        Some(())
    }

    /// `to(x)` that changes no bits, or makes bytes of a constant string.
    fn conversion(&mut self, x: ExprId, to: TypeId, image: &mut Image, at: u64) -> Static {
        let store = self.world.store;
        let x = self.tree().unparen(x);
        let (mode, from) = self.info().typ(x)?;
        if mode == Mode::Nil || store.is_interface(to) {
            return self.value(x, to, image, at);
        }
        let types = &self.world.context.types;
        let (from_ty, to_ty) = (self.world.ty(from), self.world.ty(to));
        if let (Some(Value::Str(text)), Shape::Slice(elem)) =
            (self.info().value(x), types.shape(to_ty))
        {
            return match types.shape(*elem) {
                Shape::Basic(Basic::Uint8) => self.bytes(text.bytes(), *elem, image, at),
                _ => None,
            };
        }
        let pointer =
            |ty| matches!(types.shape(ty), Shape::Pointer(_) | Shape::Basic(Basic::UnsafePointer));
        let same = store.identical_ignore_tags(store.under(from), store.under(to));
        match same || pointer(from_ty) && pointer(to_ty) {
            true => self.value(x, from, image, at),
            false => None,
        }
    }

    fn bytes(&mut self, text: &[u8], elem: IrType, image: &mut Image, at: u64) -> Static {
        let len = text.len() as u64;
        let array = self.world.context.types.intern(Shape::Array { len, elem });
        let sym = self.part_of(array, Section::Variable, |_, image| {
            image.write(0, text);
            Some(())
        })?;
        image.slice(at, RelocTarget::Sym(sym), 0, [len, len]);
        Some(())
    }
}

/// What a constant of a basic type is.
pub enum Constant<'v> {
    /// A string's bytes.
    String(&'v [u8]),
    /// The bits of each part: one, or two of a complex number.
    Scalars(Vec<u64>),
}

/// A constant's value as its type holds it; none if it does not fit, which the checker excludes.
pub fn constant_scalars(value: &Value, basic: Basic) -> Option<Constant<'_>> {
    let bits = match basic {
        Basic::String => return value.as_str().map(Constant::String),
        Basic::Bool => vec![u64::from(value.as_bool()?)],
        Basic::Float32 => vec![u64::from(value.to_f32().to_bits())],
        Basic::Float64 => vec![value.to_f64().to_bits()],
        Basic::Complex64 => {
            [value.real(), value.imag()].map(|v| u64::from(v.to_f32().to_bits())).to_vec()
        }
        Basic::Complex128 => [value.real(), value.imag()].map(|v| v.to_f64().to_bits()).to_vec(),
        _ => {
            let int = value.to_int();
            vec![int.as_i64().map(|x| x as u64).or_else(|| int.as_u64())?]
        }
    };
    Some(Constant::Scalars(bits))
}
