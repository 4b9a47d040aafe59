//! Weak pointers as Go holds them: a word for each object, so that they compare as the objects do.
//!
//! A word is no address: it names a place in a table and says how often that place was given to another object before. So
//! places are used again once their objects are dead, whoever still holds words of these: they lead nowhere. The highest bit
//! is set, which no object's address has.

use crate::sync::{Mutex, lock};
use std::collections::HashMap;
use trigo_heap::{CycleRecord, Observer, Weak};

/// What tells a handle from an address.
const MARK: usize = 1 << 63;

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

#[derive(Default)]
struct Table {
    places: Vec<Place>,
    /// Places without an object.
    free: Vec<u32>,
    by_address: HashMap<usize, u32>,
}

struct Place {
    /// How many objects had the place before.
    used: u32,
    /// The object's address, or that of a part of it.
    address: usize,
    weak: Option<Weak>,
}

/// The word for a weak reference to what is at an address.
pub(crate) fn handle(address: usize, weak: Weak) -> usize {
    lock(&TABLE).get_or_insert_default().handle(address, weak)
}

/// What a word stands for: the reference, and the address that it was made for, which may lie inside the object. None if the
/// object is dead.
pub(crate) fn find(handle: usize) -> Option<(Weak, usize)> {
    lock(&TABLE).as_ref()?.find(handle)
}

impl Table {
    fn handle(&mut self, address: usize, weak: Weak) -> usize {
        if let Some(&number) = self.by_address.get(&address) {
            if self.places[number as usize].weak.as_ref().is_some_and(|known| known.same(&weak)) {
                return self.word(number);
            }
            // An object that is dead was there.
            self.clear(number);
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { used: 0, address: 0, weak: None });
            self.places.len() as u32 - 1
        });
        let place = &mut self.places[number as usize];
        (place.address, place.weak) = (address, Some(weak));
        self.by_address.insert(address, number);
        self.word(number)
    }

    fn word(&self, number: u32) -> usize {
        MARK | (self.places[number as usize].used as usize) << 32 | number as usize
    }

    fn find(&self, handle: usize) -> Option<(Weak, usize)> {
        let place = &self.places[handle as u32 as usize];
        (place.used as usize == (handle & !MARK) >> 32)
            .then(|| Some((place.weak.clone()?, place.address)))?
    }

    fn clear(&mut self, number: u32) {
        let place = &mut self.places[number as usize];
        place.weak = None;
        // Below the mark; after so many objects, words of the first ones are long gone.
        place.used = (place.used + 1) & (u32::MAX >> 1);
        self.by_address.remove(&place.address);
        self.free.push(number);
    }

    /// Gives the places of dead objects back.
    fn trim(&mut self) {
        for number in 0..self.places.len() as u32 {
            if self.places[number as usize].weak.as_ref().is_some_and(Weak::is_dead) {
                self.clear(number);
            }
        }
    }
}

/// Gives places back after each cycle.
#[derive(Debug)]
pub(crate) struct Trim;

impl Observer for Trim {
    fn cycle_ended(&self, _record: &CycleRecord) {
        if let Some(table) = &mut *lock(&TABLE) {
            table.trim();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trigo_heap::{Config, Heap, Layout};

    #[test]
    fn words_are_the_objects_and_places_are_used_again() {
        let heap = Heap::new(Config::default()).unwrap();
        let mut mutator = heap.attach();
        let mut table = Table::default();
        let make = |mutator: &mut trigo_heap::Mutator, table: &mut Table| {
            let object = mutator.alloc(Layout::NO_SCAN, 64).unwrap();
            let (root, weak) = (mutator.root(object), mutator.weak(object).unwrap());
            (root, object, table.handle(object.as_ptr() as usize, weak))
        };
        let (kept, object, word) = make(&mut mutator, &mut table);
        let again = mutator.weak(object).unwrap();
        assert_eq!(table.handle(object.as_ptr() as usize, again), word);
        let (dropped, _, old) = make(&mut mutator, &mut table);
        drop(dropped);
        mutator.collect();
        table.trim();
        assert!(table.find(old).is_none() && table.find(word).is_some());
        let (_root, _, new) = make(&mut mutator, &mut table);
        assert_ne!(new, old);
        assert_eq!((table.places.len(), new as u32), (2, old as u32));
        assert!(table.find(old).is_none() && table.find(new).is_some());
        drop(kept);
    }
}
