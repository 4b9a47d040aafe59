//! From an archive to a package in a store.
//!
//! Objects and declared types are made first, without what they refer to; then all other types, each after its parts;
//! then what was left out is filled in. Nobody else knows the new ids until all is done.

use std::fmt;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::FxHashMap;
use trigo_syntax::{FileId, FilePos, Pos, Symbol};

use super::{
    Archive, DIRECTIONS, KindRecord, ObjectIndex, ObjectRecord, PackageIndex, Places, Surface,
    TypeIndex, TypeRecord, VAR_KINDS,
};
use crate::ids::{ObjId, PkgId, TypeId};
use crate::object::{Func, ObjKind, Object, Var};
use crate::store::Store;
use crate::types::{Signature, Struct, Term, Type};

/// An archive that [`write_package`](super::write_package) did not make, or not of what is imported now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the archive of a package")
    }
}

impl std::error::Error for Damaged {}

/// Puts a package into a store. `import` finds the packages it refers to, which need not be those it imports itself, by
/// import path; its files have the numbers from `first_file` on.
///
/// # Errors
///
/// If the archive is damaged, or names what `import` or an imported package does not have. The store then holds some
/// types more that nobody refers to. An archive that was changed with care may lead to other types than were written,
/// but never to a panic here.
pub fn read_package(
    store: &Store,
    archive: &Archive,
    first_file: FileId,
    import: &mut dyn FnMut(&str) -> Option<PkgId>,
) -> Result<PkgId, Damaged> {
    let surface: Surface = postcard::from_bytes(&archive.surface).map_err(|_| Damaged)?;
    let places: Places = postcard::from_bytes(&archive.places).map_err(|_| Damaged)?;
    let names: Vec<Symbol> =
        surface.names.iter().map(|name| store.interner().intern(name)).collect();
    let mut paths = surface.packages.iter();
    let pkg = store.new_package(paths.next().ok_or(Damaged)?);
    let others = paths.map(|path| import(path).ok_or(Damaged));
    let packages = std::iter::once(Ok(pkg)).chain(others).collect::<Result<_, _>>()?;
    let mut reader = Reader { store, names, packages, types: Vec::new(), objects: Vec::new() };
    reader.make_objects(&surface.objects, &places, first_file)?;
    reader.make_declared(&surface.types)?;
    reader.make_others(&surface.types)?;
    reader.fill(&surface)?;
    let mut scope = FxHashMap::default();
    for &index in &surface.scope {
        let obj = reader.object(index)?;
        scope.insert(store.obj(obj).name, obj);
    }
    let imports = surface.imports.iter().map(|&i| reader.package(i)).collect::<Result<_, _>>()?;
    store.pkg(pkg).set_name(reader.name(surface.name)?);
    store.finish_package(pkg, scope, imports);
    Ok(pkg)
}

struct Reader<'s> {
    store: &'s Store,
    names: Vec<Symbol>,
    packages: Vec<PkgId>,
    /// None for those that are not made yet.
    types: Vec<Option<TypeId>>,
    objects: Vec<ObjId>,
}

fn at<T: Copy>(table: &[T], index: u32) -> Result<T, Damaged> {
    table.get(index as usize).copied().ok_or(Damaged)
}

impl Reader<'_> {
    fn name(&self, index: u32) -> Result<Symbol, Damaged> {
        at(&self.names, index)
    }

    fn package(&self, index: PackageIndex) -> Result<PkgId, Damaged> {
        at(&self.packages, index)
    }

    fn object(&self, index: ObjectIndex) -> Result<ObjId, Damaged> {
        at(&self.objects, index)
    }

    fn objects(&self, list: &[ObjectIndex]) -> Result<Vec<ObjId>, Damaged> {
        list.iter().map(|&index| self.object(index)).collect()
    }

    fn typ(&self, index: TypeIndex) -> Result<TypeId, Damaged> {
        at(&self.types, index)?.ok_or(Damaged)
    }

    fn types(&self, list: &[TypeIndex]) -> Result<Vec<TypeId>, Damaged> {
        list.iter().map(|&index| self.typ(index)).collect()
    }

    fn make_objects(
        &mut self,
        records: &[ObjectRecord],
        places: &Places,
        first_file: FileId,
    ) -> Result<(), Damaged> {
        if places.len() != records.len() {
            return Err(Damaged);
        }
        for (record, place) in records.iter().zip(places) {
            let pos = place.map(|(file, at)| FilePos {
                file: FileId(first_file.0.wrapping_add(file)),
                pos: Pos(at),
            });
            let pkg = record.package.map(|index| self.package(index)).transpose()?;
            let name = self.name(record.name)?;
            let object = Object::new(kind(&record.kind)?, pos, pkg, name, None);
            object.order.store(record.order, Ordering::Relaxed);
            self.objects.push(self.store.new_object(object));
        }
        Ok(())
    }

    /// Makes what may be referred to from anywhere.
    fn make_declared(&mut self, records: &[TypeRecord]) -> Result<(), Damaged> {
        let store = self.store;
        for record in records {
            let made = match record {
                TypeRecord::Predeclared(index) => {
                    Some(store.predeclared_type(*index).ok_or(Damaged)?)
                }
                TypeRecord::Foreign(package, name) => {
                    let package = store.pkg(self.package(*package)?);
                    let obj = package.lookup(self.name(*name)?).ok_or(Damaged)?;
                    let declares = store.obj(obj).is_type_name();
                    Some(store.obj(obj).typ().filter(|_| declares).ok_or(Damaged)?)
                }
                TypeRecord::Named { object, .. } => {
                    Some(store.new_named(self.object(*object)?, &[]))
                }
                TypeRecord::TypeParam { object, index, .. } => {
                    Some(store.new_type_param(self.object(*object)?, *index))
                }
                TypeRecord::Alias { object, .. } => {
                    Some(store.new_alias(self.object(*object)?, None, Box::new([]), &[]))
                }
                _ => None,
            };
            self.types.push(made);
        }
        Ok(())
    }

    fn make_others(&mut self, records: &[TypeRecord]) -> Result<(), Damaged> {
        for (index, record) in records.iter().enumerate() {
            if self.types[index].is_none() {
                self.types[index] = Some(self.make(record)?);
            }
        }
        Ok(())
    }

    fn make(&self, record: &TypeRecord) -> Result<TypeId, Damaged> {
        let store = self.store;
        Ok(match record {
            TypeRecord::Pointer(base) => store.pointer(self.typ(*base)?),
            TypeRecord::Slice(elem) => store.slice(self.typ(*elem)?),
            TypeRecord::Array(len, elem) => store.array(*len, self.typ(*elem)?),
            TypeRecord::Map(key, elem) => store.map(self.typ(*key)?, self.typ(*elem)?),
            TypeRecord::Chan(dir, elem) => {
                store.chan(at(&DIRECTIONS, u32::from(*dir))?, self.typ(*elem)?)
            }
            TypeRecord::Struct { fields, tags } => store.new_type(Type::Struct(Struct {
                fields: self.objects(fields)?.into(),
                tags: tags.iter().map(|tag| tag.as_slice().into()).collect(),
            })),
            TypeRecord::Tuple(vars) => store.tuple(self.objects(vars)?),
            TypeRecord::Signature { tparams, rparams, recv, params, results, variadic } => store
                .signature(Signature {
                    tparams: self.types(tparams)?.into(),
                    rparams: self.types(rparams)?.into(),
                    recv: recv.map(|recv| self.object(recv)).transpose()?,
                    params: self.typ(*params)?,
                    results: self.typ(*results)?,
                    variadic: *variadic,
                }),
            TypeRecord::Interface { methods, embeddeds, implicit, interfaces_only } => store
                .versioned_interface(
                    self.objects(methods)?,
                    self.types(embeddeds)?,
                    *implicit,
                    *interfaces_only,
                ),
            TypeRecord::Union(terms) => {
                let term =
                    |&(tilde, typ): &(bool, TypeIndex)| Ok(Term { tilde, typ: self.typ(typ)? });
                let terms: Box<[Term]> = terms.iter().map(term).collect::<Result<_, _>>()?;
                store.new_type(Type::Union(terms))
            }
            TypeRecord::Instance(origin, targs) => {
                store.named_instance(self.typ(*origin)?, &self.types(targs)?)
            }
            TypeRecord::AliasInstance { object, origin, targs, .. } => store.new_alias(
                self.object(*object)?,
                Some(self.typ(*origin)?),
                self.types(targs)?.into(),
                &[],
            ),
            // Made before.
            TypeRecord::Predeclared(_)
            | TypeRecord::Foreign(..)
            | TypeRecord::Named { .. }
            | TypeRecord::TypeParam { .. }
            | TypeRecord::Alias { .. } => return Err(Damaged),
        })
    }

    /// Fills in what objects and declared types refer to.
    fn fill(&self, surface: &Surface) -> Result<(), Damaged> {
        let store = self.store;
        for (record, &obj) in surface.objects.iter().zip(&self.objects) {
            store.obj(obj).set_typ(self.typ(record.typ)?);
        }
        for (record, id) in surface.types.iter().zip(&self.types) {
            let id = id.ok_or(Damaged)?;
            match record {
                TypeRecord::Named { tparams, rhs, methods, .. } => {
                    let Type::Named(n) = store.typ(id) else { return Err(Damaged) };
                    if !tparams.is_empty() {
                        let _ = n.tparams.set(self.types(tparams)?.into());
                    }
                    store.set_rhs(id, self.typ(*rhs)?);
                    *n.methods.write().unwrap_or_else(PoisonError::into_inner) =
                        self.objects(methods)?;
                }
                TypeRecord::TypeParam { bound, .. } => store.set_bound(id, self.typ(*bound)?),
                TypeRecord::Alias { tparams, rhs, .. } => {
                    let Type::Alias(a) = store.typ(id) else { return Err(Damaged) };
                    if !tparams.is_empty() {
                        let _ = a.tparams.set(self.types(tparams)?.into());
                    }
                    store.set_rhs(id, self.typ(*rhs)?);
                }
                TypeRecord::AliasInstance { rhs, .. } => store.set_rhs(id, self.typ(*rhs)?),
                _ => {}
            }
        }
        Ok(())
    }
}

fn kind(record: &KindRecord) -> Result<ObjKind, Damaged> {
    Ok(match record {
        KindRecord::Const(value) => ObjKind::Const(value.value().ok_or(Damaged)?.into()),
        KindRecord::TypeName => ObjKind::TypeName,
        KindRecord::Var(kind, embedded) => {
            let kind = at(&VAR_KINDS, u32::from(*kind))?;
            ObjKind::Var(Var { kind, embedded: *embedded, origin: None })
        }
        KindRecord::Func { in_interface, ptr_recv } => ObjKind::Func(Func {
            origin: None,
            instance: None,
            in_interface: *in_interface,
            ptr_recv: AtomicBool::new(*ptr_recv),
        }),
    })
}
