//! From a checked package to an archive.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use rustc_hash::FxHashMap;
use trigo_syntax::{FileId, Symbol};

use super::value::ValueRecord;
use super::{
    Archive, DIRECTIONS, KindRecord, NameIndex, ObjectIndex, ObjectRecord, PackageIndex, Places,
    Surface, TypeIndex, TypeRecord, VAR_KINDS,
};
use crate::ids::{ObjId, PkgId, TypeId};
use crate::object::{ObjKind, Object};
use crate::store::Store;
use crate::types::{Alias, Named, Type, load};

/// Writes a package that was checked and has no errors. Its files have the numbers from `first_file` on.
///
/// None if it holds something that has no name for other packages, as a type local to a generic function; such a package
/// must be checked each time.
pub fn write_package(store: &Store, pkg: PkgId, first_file: FileId) -> Option<Archive> {
    let mut writer = Writer {
        store,
        pkg,
        first_file,
        surface: Surface {
            name: 0,
            names: Vec::new(),
            packages: Vec::new(),
            imports: Vec::new(),
            types: Vec::new(),
            objects: Vec::new(),
            scope: Vec::new(),
        },
        places: Vec::new(),
        names: FxHashMap::default(),
        packages: FxHashMap::default(),
        types: FxHashMap::default(),
        objects: FxHashMap::default(),
    };
    writer.package(pkg);
    writer.surface.name = writer.name(store.pkg(pkg).name()?);
    let imports = store.pkg(pkg).imports().iter();
    writer.surface.imports = imports.map(|&import| writer.package(import)).collect();
    let mut scope: Vec<(Symbol, ObjId)> = store.pkg(pkg).objects().collect();
    scope.sort_by_key(|(name, _)| store.text(*name));
    writer.surface.scope =
        scope.into_iter().map(|(_, obj)| writer.object(obj)).collect::<Option<_>>()?;
    Some(Archive {
        surface: postcard::to_allocvec(&writer.surface).ok()?,
        places: postcard::to_allocvec(&writer.places).ok()?,
    })
}

struct Writer<'s> {
    store: &'s Store,
    pkg: PkgId,
    first_file: FileId,
    surface: Surface,
    places: Places,
    names: FxHashMap<Symbol, NameIndex>,
    packages: FxHashMap<PkgId, PackageIndex>,
    types: FxHashMap<TypeId, TypeIndex>,
    objects: FxHashMap<ObjId, ObjectIndex>,
}

/// What stands in a table until its record is written.
const UNWRITTEN: TypeRecord = TypeRecord::Predeclared(0);

impl Writer<'_> {
    fn name(&mut self, name: Symbol) -> NameIndex {
        let names = &mut self.surface.names;
        *self.names.entry(name).or_insert_with(|| {
            names.push(self.store.text(name).to_string());
            names.len() as u32 - 1
        })
    }

    fn package(&mut self, pkg: PkgId) -> PackageIndex {
        let packages = &mut self.surface.packages;
        *self.packages.entry(pkg).or_insert_with(|| {
            packages.push(self.store.pkg(pkg).path.to_string());
            packages.len() as u32 - 1
        })
    }

    fn object(&mut self, id: ObjId) -> Option<ObjectIndex> {
        if let Some(&known) = self.objects.get(&id) {
            return Some(known);
        }
        let store = self.store;
        let o = store.obj(id);
        let kind = kind(o)?;
        let name = self.name(o.name);
        let package = o.pkg.map(|pkg| self.package(pkg));
        let index = self.surface.objects.len() as u32;
        self.objects.insert(id, index);
        self.surface.objects.push(ObjectRecord { name, package, typ: 0, order: o.order(), kind });
        self.places.push(self.place(o));
        let typ = match o.as_func() {
            Some(_) => store.func_type(id)?,
            None => o.typ()?,
        };
        self.surface.objects[index as usize].typ = self.typ(typ)?;
        Some(index)
    }

    fn place(&self, o: &Object) -> Option<(u32, u32)> {
        let pos = o.pos.filter(|_| o.pkg == Some(self.pkg))?;
        Some((pos.file.0.checked_sub(self.first_file.0)?, pos.pos.0))
    }

    fn objects(&mut self, list: &[ObjId]) -> Option<Vec<ObjectIndex>> {
        list.iter().map(|&id| self.object(id)).collect()
    }

    fn types(&mut self, list: &[TypeId]) -> Option<Vec<TypeIndex>> {
        list.iter().map(|&id| self.typ(id)).collect()
    }

    fn typ(&mut self, id: TypeId) -> Option<TypeIndex> {
        if let Some(&known) = self.types.get(&id) {
            return Some(known);
        }
        // Types are nested as deeply as in the source.
        stacker::maybe_grow(96 * 1024, 2 * 1024 * 1024, || self.new_type(id))
    }

    fn new_type(&mut self, id: TypeId) -> Option<TypeIndex> {
        let store = self.store;
        if store.is_predeclared(id) {
            return Some(self.push(id, TypeRecord::Predeclared(id.index() as u32)));
        }
        let record = match store.typ(id) {
            Type::Basic(_) => return None,
            Type::Named(n) if n.inst.is_none() => return self.named(id, n),
            Type::Alias(a) if a.origin.is_none() => return self.alias(id, a),
            Type::TypeParam(p) => {
                if store.obj(p.obj).pkg != Some(self.pkg) {
                    return None;
                }
                let at = self.push(id, UNWRITTEN);
                let bound = self.typ(load(&p.bound)?)?;
                let object = self.object(p.obj)?;
                return self.set(at, TypeRecord::TypeParam { object, index: p.index, bound });
            }
            Type::Pointer(base) => TypeRecord::Pointer(self.typ(*base)?),
            Type::Slice(elem) => TypeRecord::Slice(self.typ(*elem)?),
            Type::Array { len, elem } => TypeRecord::Array(*len, self.typ(*elem)?),
            Type::Map { key, elem } => TypeRecord::Map(self.typ(*key)?, self.typ(*elem)?),
            Type::Chan { dir, elem } => {
                let dir = DIRECTIONS.iter().position(|d| d == dir)? as u8;
                TypeRecord::Chan(dir, self.typ(*elem)?)
            }
            Type::Struct(s) => TypeRecord::Struct {
                fields: self.objects(&s.fields)?,
                tags: s.tags.iter().map(|tag| tag.to_vec()).collect(),
            },
            Type::Tuple(vars) => TypeRecord::Tuple(self.objects(vars)?),
            Type::Signature(s) => TypeRecord::Signature {
                tparams: self.types(&s.tparams)?,
                rparams: self.types(&s.rparams)?,
                recv: s.recv.map(|recv| self.object(recv)).map_or(Some(None), |r| r.map(Some))?,
                params: self.typ(s.params)?,
                results: self.typ(s.results)?,
                variadic: s.variadic,
            },
            Type::Interface(i) => TypeRecord::Interface {
                methods: self.objects(&i.methods)?,
                embeddeds: self.types(&i.embeddeds)?,
                implicit: i.implicit,
                interfaces_only: i.interfaces_only,
            },
            Type::Union(terms) => {
                let terms = terms.iter().map(|term| Some((term.tilde, self.typ(term.typ)?)));
                TypeRecord::Union(terms.collect::<Option<_>>()?)
            }
            Type::Named(n) => {
                let inst = n.inst.as_ref().filter(|inst| inst.outer.is_empty())?;
                TypeRecord::Instance(self.typ(inst.origin)?, self.types(&inst.targs)?)
            }
            Type::Alias(a) => TypeRecord::AliasInstance {
                object: self.object(a.obj)?,
                origin: self.typ(a.origin?)?,
                targs: self.types(&a.targs)?,
                rhs: self.typ(load(&a.rhs)?)?,
            },
        };
        // Writing its parts may have met the type itself, if a method's receiver is the interface that declares it.
        Some(match self.types.get(&id) {
            Some(&known) => known,
            None => self.push(id, record),
        })
    }

    fn push(&mut self, id: TypeId, record: TypeRecord) -> TypeIndex {
        let index = self.surface.types.len() as u32;
        self.surface.types.push(record);
        self.types.insert(id, index);
        index
    }

    fn set(&mut self, at: TypeIndex, record: TypeRecord) -> Option<TypeIndex> {
        self.surface.types[at as usize] = record;
        Some(at)
    }

    /// A reference to a type that another package declares; none if it is not at package level there.
    fn foreign(&mut self, id: TypeId, obj: ObjId, pkg: PkgId) -> Option<TypeIndex> {
        let name = self.store.obj(obj).name;
        if self.store.pkg(pkg).lookup(name) != Some(obj) {
            return None;
        }
        let record = TypeRecord::Foreign(self.package(pkg), self.name(name));
        Some(self.push(id, record))
    }

    fn named(&mut self, id: TypeId, n: &Named) -> Option<TypeIndex> {
        if let Some(pkg) = self.store.obj(n.obj).pkg.filter(|pkg| *pkg != self.pkg) {
            return self.foreign(id, n.obj, pkg);
        }
        if !n.enclosing.is_empty() {
            return None;
        }
        let at = self.push(id, UNWRITTEN);
        let methods = n.methods.read().unwrap_or_else(PoisonError::into_inner).clone();
        let record = TypeRecord::Named {
            object: self.object(n.obj)?,
            tparams: self.types(n.tparams.get().map_or(&[], |list| list))?,
            rhs: self.typ(load(&n.rhs)?)?,
            methods: self.objects(&methods)?,
        };
        self.set(at, record)
    }

    fn alias(&mut self, id: TypeId, a: &Alias) -> Option<TypeIndex> {
        if let Some(pkg) = self.store.obj(a.obj).pkg.filter(|pkg| *pkg != self.pkg) {
            return self.foreign(id, a.obj, pkg);
        }
        if !a.enclosing.is_empty() {
            return None;
        }
        let at = self.push(id, UNWRITTEN);
        let record = TypeRecord::Alias {
            object: self.object(a.obj)?,
            tparams: self.types(a.tparams.get().map_or(&[], |list| list))?,
            rhs: self.typ(load(&a.rhs)?)?,
        };
        self.set(at, record)
    }
}

fn kind(o: &Object) -> Option<KindRecord> {
    Some(match &o.kind {
        ObjKind::Const(value) => KindRecord::Const(ValueRecord::of(value.get()?)),
        ObjKind::TypeName => KindRecord::TypeName,
        ObjKind::Var(var) => {
            let kind = VAR_KINDS.iter().position(|kind| *kind == var.kind)?;
            KindRecord::Var(kind as u8, var.embedded)
        }
        ObjKind::Func(func) if func.instance.is_none() => KindRecord::Func {
            in_interface: func.in_interface,
            ptr_recv: func.ptr_recv.load(Ordering::Relaxed),
        },
        _ => return None,
    })
}
