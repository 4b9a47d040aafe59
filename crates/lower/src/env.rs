//! What the type parameters in a body stand for.

use crate::world::World;
use rustc_hash::FxHashMap;
use std::sync::{PoisonError, RwLock};
use trigo_ir::types::TypeId as IrType;
use trigo_types::{Store, TypeId};

/// Type arguments for the type parameters of a function and of its receiver.
#[derive(Debug, Default)]
pub struct Env {
    tparams: Vec<TypeId>,
    targs: Vec<TypeId>,
    known: RwLock<FxHashMap<TypeId, IrType>>,
}

impl Env {
    /// The arguments, which mention no type parameter, for as many parameters.
    pub fn new(tparams: Vec<TypeId>, targs: Vec<TypeId>) -> Self {
        assert_eq!(tparams.len(), targs.len(), "an argument for each parameter");
        Self { tparams, targs, known: RwLock::default() }
    }

    /// Whether there are no type parameters.
    pub fn is_empty(&self) -> bool {
        self.tparams.is_empty()
    }

    /// A type of the body with the arguments in the place of the parameters.
    pub fn subst(&self, store: &Store, t: TypeId) -> TypeId {
        store.subst(t, &self.tparams, &self.targs)
    }

    /// The IR's type for a type of the body.
    pub fn ty(&self, world: &World<'_>, t: TypeId) -> IrType {
        if self.is_empty() {
            return world.ty(t);
        }
        if let Some(&known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&t) {
            return known;
        }
        let made = world.ty(self.subst(world.store, t));
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(t, made);
        made
    }
}
