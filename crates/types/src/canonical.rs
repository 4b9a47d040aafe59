//! One id for all identical types, for tables that are indexed by types.
//!
//! Struct, function and interface types have an id for each place they are written or substituted, so two ids may
//! stand for identical types. A compiler that makes one type descriptor, one instance or one layout for each type
//! wants one id.

use crate::ids::TypeId;
use crate::sizes::with_stack;
use crate::store::Store;
use crate::types::Type;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;
use std::sync::PoisonError;

impl Store {
    /// The id that stands for all types identical to `t`: `canonical(x) == canonical(y)` exactly if x and y are
    /// identical. Which of the ids it is depends on what was asked first; aliases are seen through.
    pub fn canonical(&self, t: TypeId) -> TypeId {
        let t = self.unalias(t);
        let mut hasher = FxHasher::default();
        self.hash_type(t, &mut hasher);
        let mut table = self.canonical.lock().unwrap_or_else(PoisonError::into_inner);
        let same = table.entry(hasher.finish()).or_default();
        if let Some(&known) = same.iter().find(|&&known| self.identical(known, t)) {
            return known;
        }
        same.push(t);
        t
    }

    /// Hashes what identical types have in common.
    fn hash_type(&self, t: TypeId, h: &mut FxHasher) {
        with_stack(|| self.hash_parts(t, h));
    }

    fn hash_parts(&self, t: TypeId, h: &mut FxHasher) {
        let t = self.unalias(t);
        let typ = self.typ(t);
        discriminant(typ).hash(h);
        match typ {
            Type::Basic(b) => discriminant(&b.kind).hash(h),
            Type::Pointer(elem) | Type::Slice(elem) => self.hash_type(*elem, h),
            // Arrays of unknown length are identical to those of any length.
            Type::Array { elem, .. } => self.hash_type(*elem, h),
            Type::Map { key, elem } => {
                self.hash_type(*key, h);
                self.hash_type(*elem, h);
            }
            Type::Chan { dir, elem } => {
                dir.hash(h);
                self.hash_type(*elem, h);
            }
            Type::Struct(s) => {
                for &f in &s.fields {
                    let o = self.obj(f);
                    (o.name, o.is_embedded()).hash(h);
                    self.hash_type(self.obj_type(f), h);
                }
                for i in 0..s.fields.len() {
                    s.tag(i).hash(h);
                }
            }
            Type::Tuple(vars) => {
                vars.len().hash(h);
                vars.iter().for_each(|&v| self.hash_type(self.obj_type(v), h));
            }
            Type::Signature(s) => {
                (s.variadic, s.tparams.len()).hash(h);
                self.hash_type(s.params, h);
                self.hash_type(s.results, h);
            }
            // Methods may mention the interface again, so their names have to do.
            Type::Interface(_) => {
                let set = self.type_set(t);
                set.methods.iter().for_each(|&m| self.obj(m).name.hash(h));
                set.comparable.hash(h);
            }
            Type::Union(_) => {}
            Type::Named(n) => {
                n.obj.hash(h);
                n.outer().iter().chain(n.targs()).for_each(|&t| self.hash_type(t, h));
            }
            // Those of identical signatures differ.
            Type::TypeParam(p) => p.index.hash(h),
            Type::Alias(_) => {}
        }
    }
}
