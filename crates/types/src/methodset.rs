//! Method sets (spec: Method sets), promoted methods included.

use crate::ids::{ObjId, TypeId};
use crate::lookup::{Lookup, Path};
use crate::store::Store;
use crate::types::Type;

/// A method in the method set of a type.
#[derive(Clone, Debug)]
pub struct MethodEntry {
    /// The method; of an instance's methods, the one made for the instance.
    pub method: ObjId,
    /// The embedded fields to pass, and at last the method's index among those declared on its type.
    pub path: Path,
    /// Whether a pointer is followed on the way, the receiver's own included.
    pub indirect: bool,
}

impl Store {
    /// The methods that values of type `t` have without being addressable, sorted as in Go's type descriptors: exported
    /// ones first, then by name, then by package.
    ///
    /// Generic methods are among them, though they implement no interface; their signatures have type parameters.
    /// Nothing is remembered: a compiler keeps the sets it needs again.
    pub fn method_set(&self, t: TypeId) -> Vec<MethodEntry> {
        let mut candidates = Vec::new();
        self.collect_methods(t, &mut candidates, &mut Vec::new());
        candidates.sort_by(|&a, &b| self.compare_methods(a, b));
        candidates.dedup_by(|a, b| self.same_method(*a, *b));
        let entry = |&candidate: &ObjId| {
            let o = self.obj(candidate);
            match self.lookup(t, false, o.pkg, o.name) {
                Lookup::Found { obj, path, indirect } if self.obj(obj).as_func().is_some() => {
                    Some(MethodEntry { method: obj, path, indirect })
                }
                _ => None,
            }
        };
        candidates.iter().filter_map(entry).collect()
    }

    /// Adds the methods of `t` and of all that it embeds; lookup tells later which of them are hidden.
    fn collect_methods(&self, t: TypeId, methods: &mut Vec<ObjId>, seen: &mut Vec<TypeId>) {
        let typ = self.unalias(self.deref(t).0);
        if seen.contains(&typ) {
            return;
        }
        seen.push(typ);
        methods.extend(self.declared_methods(typ));
        let under = self.under(typ);
        match self.typ(under) {
            Type::Interface(_) => methods.extend(&self.type_set(under).methods),
            Type::Struct(s) => {
                let embedded = s.fields.iter().filter(|&&f| self.obj(f).is_embedded());
                embedded.for_each(|&f| self.collect_methods(self.obj_type(f), methods, seen));
            }
            _ => {}
        }
    }
}
