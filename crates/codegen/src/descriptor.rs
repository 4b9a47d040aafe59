//! Type descriptors and itabs, byte for byte as `internal/abi` has them (`type.go`, `map.go`, `iface.go`); who writes
//! what follows `cmd/compile/internal/reflectdata/reflect.go` and `map.go`.
//!
//! A descriptor is the common part, what its kind adds, then for types with a name or methods the uncommon part, then
//! lists: parameters, interface methods or fields, and methods. Offsets of names, types and code count from address 0.

use crate::layout::Piece;
use crate::target::Target;
use trigo_ir::Style;
use trigo_ir::alg::Alg;
use trigo_ir::data::RelocTarget;
use trigo_ir::program::Context;
use trigo_ir::sym::Sym;
use trigo_ir::types::{Basic, Field, InterfaceMethod, Method, Shape, TypeId};

/// Bits of `TFlag`.
mod flag {
    pub const UNCOMMON: u8 = 1;
    pub const EXTRA_STAR: u8 = 2;
    pub const NAMED: u8 = 4;
    pub const REGULAR_MEMORY: u8 = 8;
    pub const MASK_ON_DEMAND: u8 = 16;
    pub const DIRECT: u8 = 32;
}

/// Bits of `MapType.Flags`.
mod map_flag {
    pub const NEED_KEY_UPDATE: u32 = 1;
    pub const HASH_MIGHT_PANIC: u32 = 2;
    pub const INDIRECT_KEY: u32 = 4;
    pub const INDIRECT_ELEM: u32 = 8;
}

/// The largest keys and elements that lie in a map's slots.
const MAP_MAX_INLINE: u64 = 128;
/// Slots of a map's group.
const MAP_GROUP_SLOTS: u64 = 8;
/// The largest bitmap of pointers, in bytes, that is made ahead.
const MAX_MASK: u64 = 2048;

/// What descriptors are made from.
pub struct Descriptors<'a> {
    /// Names and types.
    pub context: &'a Context,
    /// Whether the program has a function.
    pub has_func: &'a dyn Fn(Sym) -> bool,
    /// Whether the program has a type's descriptor.
    pub has_type: &'a dyn Fn(TypeId) -> bool,
}

impl Descriptors<'_> {
    /// A type's descriptor.
    pub fn descriptor(&self, ty: TypeId) -> Piece {
        let types = &self.context.types;
        let mut piece = Piece::new(8, Vec::new());
        self.common(&mut piece, ty);
        let methods = types.methods(ty).unwrap_or_default();
        let extra = types.name(ty).is_some() || !methods.is_empty();
        let uncommon = if extra { 16 } else { 0 };
        match types.shape(ty) {
            Shape::Basic(_) => {}
            Shape::Pointer(elem) | Shape::Slice(elem) => {
                piece.push_address(RelocTarget::Type(*elem))
            }
            Shape::Array { len, elem } => {
                piece.push_address(RelocTarget::Type(*elem));
                piece.push_address(RelocTarget::Type(types.intern(Shape::Slice(*elem))));
                piece.push(&len.to_le_bytes());
            }
            Shape::Chan { dir, elem } => {
                piece.push_address(RelocTarget::Type(*elem));
                piece.push(&(*dir as u64).to_le_bytes());
            }
            Shape::Func { params, results, variadic } => {
                let out = results.len() as u16 | if *variadic { 1 << 15 } else { 0 };
                piece.push(&(params.len() as u16).to_le_bytes());
                piece.push(&out.to_le_bytes());
                piece.push(&[0; 4]);
            }
            Shape::Interface(list) => {
                let pkg = types.name(ty).and_then(|name| name.pkg);
                self.package_address(&mut piece, pkg);
                self.list_behind(&mut piece, ty, uncommon, list.len());
            }
            Shape::Struct(fields) => {
                let pkg = fields.iter().find_map(|field| field.pkg);
                self.package_address(&mut piece, pkg);
                self.list_behind(&mut piece, ty, uncommon, fields.len());
            }
            Shape::Map { key, elem } => self.map(&mut piece, *key, *elem),
        }
        let list = list_bytes(types.shape(ty));
        if extra {
            self.uncommon(&mut piece, ty, methods, list);
        }
        self.list(&mut piece, ty);
        for method in methods {
            self.method(&mut piece, ty, method);
        }
        piece
    }

    fn common(&self, piece: &mut Piece, ty: TypeId) {
        let types = &self.context.types;
        let layout = types.layout(ty);
        let link = types.string(&self.context.syms, ty, Style::Link);
        let alg = self.context.alg(ty);
        let name = types.name(ty);
        let mut flags = 0;
        let mut set = |bit: u8, on: bool| flags |= if on { bit } else { 0 };
        set(flag::UNCOMMON, name.is_some() || types.methods(ty).is_some_and(|m| !m.is_empty()));
        set(flag::NAMED, name.is_some());
        set(flag::REGULAR_MEMORY, matches!(alg, Alg::Memory(_)));
        set(flag::DIRECT, types.is_direct(ty));
        let (text, star) = self.string(ty);
        set(flag::EXTRA_STAR, star);
        let words = layout.ptrdata / 8;
        let on_demand = words.div_ceil(8).next_multiple_of(8) > MAX_MASK;
        set(flag::MASK_ON_DEMAND, on_demand);
        piece.push(&layout.size.to_le_bytes());
        piece.push(&layout.ptrdata.to_le_bytes());
        piece.push(&hash(&link).to_le_bytes());
        piece.push(&[flags, layout.align as u8, layout.align as u8, kind(types.shape(ty))]);
        match self.context.equal_sym(ty).filter(|&sym| (self.has_func)(sym)) {
            Some(sym) => piece.push_address(RelocTarget::FuncValue(sym)),
            None => piece.push(&[0; 8]),
        }
        match on_demand {
            true => piece.push_address(Target::MaskCell(ty)),
            false => piece.push_address(Target::Mask(mask(self.context, ty).into())),
        }
        piece.push_offset(text);
        let pointer = types.intern(Shape::Pointer(ty));
        match (self.has_type)(pointer) {
            true => piece.push_offset(RelocTarget::Type(pointer)),
            false => piece.push(&[0; 4]),
        }
    }

    /// The name that a type's string is, with a star more for all but pointers, and whether it has that star.
    fn string(&self, ty: TypeId) -> (Target, bool) {
        let (types, syms) = (&self.context.types, &self.context.syms);
        let text = types.string(syms, ty, Style::Reflect);
        let star = !text.starts_with('*');
        let text = if star { format!("*{text}") } else { text };
        let named = match types.shape(ty) {
            Shape::Pointer(elem) if !star => types.name(*elem),
            _ => types.name(ty),
        };
        let exported = named.is_some_and(|name| is_exported(syms.text(name.name)));
        (name(&text, b"", exported, false), star)
    }

    fn package_address(&self, piece: &mut Piece, pkg: Option<Sym>) {
        match pkg {
            Some(pkg) => piece.push_address(self.package_name(pkg)),
            None => piece.push(&[0; 8]),
        }
    }

    fn package_name(&self, pkg: Sym) -> Target {
        name(self.context.syms.text(pkg), b"", false, false)
    }

    /// A slice of what follows the fixed part.
    fn list_behind(&self, piece: &mut Piece, ty: TypeId, uncommon: u64, len: usize) {
        let at = piece.size + 24 + uncommon;
        piece.push_address_in(RelocTarget::Type(ty), at as i64);
        piece.push(&(len as u64).to_le_bytes());
        piece.push(&(len as u64).to_le_bytes());
    }

    fn uncommon(&self, piece: &mut Piece, ty: TypeId, methods: &[Method], list: u64) {
        match self.package_of(ty) {
            Some(pkg) => piece.push_offset(self.package_name(pkg)),
            None => piece.push(&[0; 4]),
        }
        let exported = methods.iter().filter(|m| m.pkg.is_none()).count();
        piece.push(&(methods.len() as u16).to_le_bytes());
        piece.push(&(exported as u16).to_le_bytes());
        piece.push(&(16 + list as u32).to_le_bytes());
        piece.push(&[0; 4]);
    }

    /// The package that the names of a type's unexported methods belong to.
    fn package_of(&self, ty: TypeId) -> Option<Sym> {
        let types = &self.context.types;
        match (types.name(ty), types.shape(ty)) {
            (_, Shape::Basic(Basic::UnsafePointer)) => Some(self.context.syms.intern("unsafe")),
            (Some(name), _) => name.pkg,
            (
                None,
                Shape::Pointer(elem)
                | Shape::Slice(elem)
                | Shape::Array { elem, .. }
                | Shape::Chan { elem, .. },
            ) => types.name(*elem).and_then(|name| name.pkg),
            _ => None,
        }
    }

    fn list(&self, piece: &mut Piece, ty: TypeId) {
        let types = &self.context.types;
        match types.shape(ty) {
            Shape::Func { params, results, .. } => {
                for &ty in params.iter().chain(results) {
                    piece.push_address(RelocTarget::Type(ty));
                }
            }
            Shape::Interface(methods) => {
                let own = types.name(ty).and_then(|name| name.pkg);
                for InterfaceMethod { name, pkg, ty } in methods {
                    piece.push_offset(self.method_name(*name, *pkg, own));
                    piece.push_offset(RelocTarget::Type(*ty));
                }
            }
            Shape::Struct(fields) => {
                for (field, offset) in fields.iter().zip(&types.layout(ty).fields) {
                    piece.push_address(self.field_name(field));
                    piece.push_address(RelocTarget::Type(field.ty));
                    piece.push(&offset.to_le_bytes());
                }
            }
            _ => {}
        }
    }

    fn field_name(&self, field: &Field) -> Target {
        let text = self.context.syms.text(field.name);
        name(text, &field.tag, field.pkg.is_none(), field.embedded)
    }

    /// A method's name, with its package if that is another than the type's own.
    fn method_name(&self, sym: Sym, pkg: Option<Sym>, own: Option<Sym>) -> Target {
        let text = self.context.syms.text(sym);
        match (name(text, b"", pkg.is_none(), false), pkg) {
            (Target::Name(mut bytes, _), Some(_)) if pkg != own => {
                bytes[0] |= 4;
                Target::Name(bytes, pkg)
            }
            (name, _) => name,
        }
    }

    fn method(&self, piece: &mut Piece, ty: TypeId, method: &Method) {
        piece.push_offset(self.method_name(method.name, method.pkg, self.package_of(ty)));
        piece.push_offset(RelocTarget::Type(method.ty));
        piece.push_offset(RelocTarget::Sym(method.ifn));
        piece.push_offset(RelocTarget::Sym(method.tfn));
    }

    fn map(&self, piece: &mut Piece, key: TypeId, elem: TypeId) {
        let types = &self.context.types;
        let (group, slot) = map_group(self.context, key, elem);
        let slots = types.layout(group).fields[1];
        let (stride, elem_at) = (types.size(slot), types.layout(slot).fields[1]);
        for ty in [key, elem, group] {
            piece.push_address(RelocTarget::Type(ty));
        }
        match self.context.hash_sym(key) {
            Some(hash) => piece.push_address(RelocTarget::FuncValue(hash)),
            None => piece.push(&[0; 8]),
        }
        for word in [types.size(group), slots, stride, slots + elem_at, stride, elem_at] {
            piece.push(&word.to_le_bytes());
        }
        let mut flags = 0;
        let mut set = |bit: u32, on: bool| flags |= if on { bit } else { 0 };
        set(map_flag::NEED_KEY_UPDATE, self.needs_key_update(key));
        set(map_flag::HASH_MIGHT_PANIC, self.hash_might_panic(key));
        set(map_flag::INDIRECT_KEY, types.size(key) > MAP_MAX_INLINE);
        set(map_flag::INDIRECT_ELEM, types.size(elem) > MAP_MAX_INLINE);
        piece.push(&flags.to_le_bytes());
        piece.push(&[0; 4]);
    }

    /// Whether equal keys can differ: zeros by their sign, strings by where they lie.
    fn needs_key_update(&self, key: TypeId) -> bool {
        match self.context.types.shape(key) {
            Shape::Basic(
                Basic::Float32
                | Basic::Float64
                | Basic::Complex64
                | Basic::Complex128
                | Basic::String,
            )
            | Shape::Interface(_) => true,
            Shape::Array { elem, .. } => self.needs_key_update(*elem),
            Shape::Struct(fields) => fields.iter().any(|field| self.needs_key_update(field.ty)),
            _ => false,
        }
    }

    fn hash_might_panic(&self, key: TypeId) -> bool {
        match self.context.types.shape(key) {
            Shape::Interface(_) => true,
            Shape::Array { elem, .. } => self.hash_might_panic(*elem),
            Shape::Struct(fields) => fields.iter().any(|field| self.hash_might_panic(field.ty)),
            _ => false,
        }
    }

    /// The itab of a concrete type for an interface type.
    ///
    /// # Errors
    /// The name of a method that the type lacks.
    pub fn itab(&self, iface: TypeId, ty: TypeId) -> Result<Piece, String> {
        let (types, syms) = (&self.context.types, &self.context.syms);
        let mut piece = Piece::new(8, Vec::new());
        piece.push_address(RelocTarget::Type(iface));
        piece.push_address(RelocTarget::Type(ty));
        piece.push(&hash(&types.string(syms, ty, Style::Link)).to_le_bytes());
        piece.push(&[0; 4]);
        let own = types.methods(ty).unwrap_or_default();
        let Shape::Interface(methods) = types.shape(iface) else { return Ok(piece) };
        for wanted in methods {
            let found = own.iter().find(|m| m.name == wanted.name && m.pkg == wanted.pkg);
            let found = found.ok_or_else(|| {
                let show = |ty| types.string(syms, ty, Style::Link);
                format!("{} has no method {} for {}", show(ty), syms.text(wanted.name), show(iface))
            })?;
            piece.push_address(RelocTarget::Sym(found.ifn));
        }
        Ok(piece)
    }
}

/// Whether `reflect` finds a type by its string: those without a name that it could make itself.
pub fn is_linked(context: &Context, ty: TypeId) -> bool {
    context.types.name(ty).is_none()
        && !matches!(context.types.shape(ty), Shape::Basic(_) | Shape::Interface(_))
}

/// The type of a map's groups, and that of their slots (`internal/runtime/maps/group.go`).
fn map_group(context: &Context, key: TypeId, elem: TypeId) -> (TypeId, TypeId) {
    let (types, syms) = (&context.types, &context.syms);
    let inline = |ty| match types.size(ty) > MAP_MAX_INLINE {
        true => types.intern(Shape::Pointer(ty)),
        false => ty,
    };
    let pkg = Some(syms.intern("runtime"));
    let field =
        |name, ty| Field { name: syms.intern(name), pkg, ty, tag: Box::default(), embedded: false };
    let slot = [field("key", inline(key)), field("elem", inline(elem))];
    let slot = types.intern(Shape::Struct(slot.into()));
    let slots = types.intern(Shape::Array { len: MAP_GROUP_SLOTS, elem: slot });
    let group = [field("ctrl", Basic::Uint64.id()), field("slots", slots)];
    (types.intern(Shape::Struct(group.into())), slot)
}

/// Bytes of what a descriptor lists between its fixed part and its methods.
fn list_bytes(shape: &Shape) -> u64 {
    match shape {
        Shape::Func { params, results, .. } => 8 * (params.len() + results.len()) as u64,
        Shape::Interface(methods) => 8 * methods.len() as u64,
        Shape::Struct(fields) => 24 * fields.len() as u64,
        _ => 0,
    }
}

/// `abi.Kind`
fn kind(shape: &Shape) -> u8 {
    match shape {
        Shape::Basic(Basic::String) => 24,
        Shape::Basic(Basic::UnsafePointer) => 26,
        Shape::Basic(basic) => 1 + *basic as u8,
        Shape::Array { .. } => 17,
        Shape::Chan { .. } => 18,
        Shape::Func { .. } => 19,
        Shape::Interface(_) => 20,
        Shape::Map { .. } => 21,
        Shape::Pointer(_) => 22,
        Shape::Slice(_) => 23,
        Shape::Struct(_) => 25,
    }
}

/// A name as `abi.Name` has it.
fn name(text: &str, tag: &[u8], exported: bool, embedded: bool) -> Target {
    let mut bytes =
        vec![u8::from(exported) | u8::from(!tag.is_empty()) << 1 | u8::from(embedded) << 3];
    let mut part = |part: &[u8]| {
        varint(&mut bytes, part.len());
        bytes.extend_from_slice(part);
    };
    part(text.as_bytes());
    if !tag.is_empty() {
        part(tag);
    }
    Target::Name(bytes.into(), None)
}

fn varint(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// What stands at a name's address.
pub fn name_piece(context: &Context, bytes: &[u8], pkg: Option<Sym>) -> Piece {
    let mut piece = Piece::new(1, bytes.to_vec());
    if let Some(pkg) = pkg {
        piece.push_offset(name(context.syms.text(pkg), b"", false, false));
    }
    piece
}

/// The words of a type that are pointers, as a bitmap of whole 64-bit words.
pub fn mask(context: &Context, ty: TypeId) -> Vec<u8> {
    let types = &context.types;
    let words = types.layout(ty).ptrdata / 8;
    let mut bits = vec![0; (words.div_ceil(8).next_multiple_of(8)) as usize];
    types.each_pointer(ty, 0, &mut |at| bits[(at / 64) as usize] |= 1 << (at / 8 % 8));
    bits
}

fn is_exported(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

/// FNV-1a of 32 bits.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
