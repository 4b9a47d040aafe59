//! Weak references, finalizers and cleanups of a world.
//!
//! Finalizers and cleanups are run by whichever world asks for it; they report to the [`Deaths`] that all
//! worlds share, where the world that has the object's shadow finds them.

use super::{
    graph::Edge,
    source::Source,
    world::{Ground, World},
};
use std::{
    ptr::NonNull,
    sync::{Arc, Mutex, MutexGuard, Weak as WeakArc},
};
use trigo_heap::{Error, Mutator, Root, Weak};

/// Weak references of a world.
const WEAKS: usize = 16;

/// What has happened to objects, and was not yet taken note of.
#[derive(Debug, Default)]
pub struct Deaths(Mutex<Vec<Death>>);

/// A finalizer or cleanup that ran.
#[derive(Debug)]
pub struct Death {
    id: u64,
    number: u64,
    /// The object, if this was its finalizer.
    object: Option<Root>,
}

impl Deaths {
    fn lock(&self) -> MutexGuard<'_, Vec<Death>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Forgets all of them; how many there were.
    pub fn clear(&self) -> usize {
        self.lock().drain(..).count()
    }
}

/// A weak reference and what it must do.
#[derive(Debug)]
pub struct WeakModel {
    weak: Weak,
    /// Its node; another's once it is dead.
    pub node: u32,
    id: u64,
    /// It was seen empty, or its object's finalizer ran: it must be empty from now on.
    dead: bool,
}

impl WeakModel {
    /// The same for a node that has another place in its graph.
    pub fn renumbered(self, renumber: impl Fn(u32) -> u32) -> Self {
        Self { node: renumber(self.node), ..self }
    }

    /// Whether its object may still be alive.
    pub fn is_alive(&self) -> bool {
        !self.dead
    }
}

impl World {
    /// One operation on a weak reference, finalizer or cleanup.
    pub fn lifetime(&mut self, source: &mut impl Source) {
        match source.below(12) {
            0..2 => self.make_weak(source),
            2..6 => self.load_weak(source),
            6 if !self.weaks.is_empty() => {
                let at = source.below(self.weaks.len() as u32) as usize;
                self.weaks.swap_remove(at);
            }
            7..9 => self.set_finalizer(source),
            9 if source.one_in(4) => self.remove_finalizer(source),
            10 => self.add_cleanup(source),
            11 => self.stop_cleanup(source),
            _ => {}
        }
    }

    /// Some address inside of an object.
    fn inside(&self, node: u32, source: &mut impl Source) -> NonNull<u8> {
        let node = self.graph.get(node);
        let address = node.address + source.below(node.bytes) as usize;
        NonNull::new(address as *mut u8).expect("objects have addresses")
    }

    fn make_weak(&mut self, source: &mut impl Source) {
        if self.weaks.len() == WEAKS {
            self.weaks.swap_remove(source.below(WEAKS as u32) as usize);
        }
        let Some(node) = self.walk(source) else { return };
        let object = self.inside(node, source);
        let weak = self.m().weak(object).expect("a live object");
        let id = self.graph.get(node).id;
        self.weaks.push(WeakModel { weak, node, id, dead: false });
    }

    fn get_weak(&mut self, at: usize) -> usize {
        let weak = self.weaks[at].weak.clone();
        weak.get(self.m()).map_or(0, |p| p.as_ptr() as usize)
    }

    /// Loads a weak reference; if its object is alive, it gets a root.
    fn load_weak(&mut self, source: &mut impl Source) {
        if self.weaks.is_empty() {
            return;
        }
        let at = source.below(self.weaks.len() as u32) as usize;
        let loaded = self.get_weak(at);
        let WeakModel { node, id, dead, .. } = self.weaks[at];
        if dead {
            assert_eq!(loaded, 0, "model: a weak reference that was empty is not any more");
        } else if loaded == 0 {
            self.reach_all();
            assert!(
                !self.graph.reached(node),
                "model: a weak reference to a reachable object is empty"
            );
            self.kill_weaks(id);
        } else {
            let want = self.graph.get(node);
            assert_eq!(loaded, want.address, "model: a weak reference leads elsewhere; {want:?}");
            want.check_number();
            let at = source.below(self.roots.len() as u32) as usize;
            self.set_root_to(at, Edge::new(node, 0));
        }
    }

    /// Notes that the weak references to object `id` are empty for good.
    fn kill_weaks(&mut self, id: u64) {
        self.weaks.iter_mut().filter(|w| w.id == id).for_each(|w| w.dead = true);
    }

    /// Loads the weak references to what was just found reachable.
    pub fn check_weaks(&mut self) {
        for at in 0..self.weaks.len() {
            let WeakModel { node, dead, .. } = self.weaks[at];
            if !dead && self.graph.reached(node) {
                let (loaded, want) = (self.get_weak(at), self.graph.get(node).address);
                assert_eq!(loaded, want, "model: a weak reference to a reachable object");
            }
        }
    }

    fn set_finalizer(&mut self, source: &mut impl Source) {
        let Some(at) = self.walk(source) else { return };
        let object = self.inside(at, source);
        let node = self.graph.get(at);
        if node.fields() > 0 && !self.abilities().cyclic_finalizers {
            return;
        }
        let (id, had) = (node.id, node.finalizer.is_some());
        let number = self.ground.number();
        let ground = Arc::downgrade(&self.ground);
        let result = self.m().set_finalizer(object, move |m, p| report(&ground, m, p, id, number));
        match result {
            Ok(()) => assert!(!had, "model: an object has two finalizers"),
            Err(Error::HasFinalizer { .. }) => assert!(had, "model: an object has no finalizer"),
            Err(error) => panic!("model: {error}"),
        }
        if !had {
            self.graph.get_mut(at).finalizer = Some(number);
            self.specials.insert(id, at);
        }
    }

    fn remove_finalizer(&mut self, source: &mut impl Source) {
        let Some(at) = self.walk(source) else { return };
        let object = self.inside(at, source);
        let removed = self.m().remove_finalizer(object).expect("a live object");
        let had = self.graph.get_mut(at).finalizer.take().is_some();
        assert_eq!(removed, had, "model: the finalizer of a reachable object");
        self.forget_special(at);
    }

    fn add_cleanup(&mut self, source: &mut impl Source) {
        let Some(at) = self.walk(source) else { return };
        let object = self.inside(at, source);
        let id = self.graph.get(at).id;
        let number = self.ground.number();
        let ground = Arc::downgrade(&self.ground);
        let cleanup = move || {
            if let Some(ground) = ground.upgrade() {
                ground.deaths.lock().push(Death { id, number, object: None });
            }
        };
        let cleanup = self.m().add_cleanup(object, cleanup).expect("a live object");
        self.graph.get_mut(at).cleanups.push((cleanup, number));
        self.specials.insert(id, at);
    }

    fn stop_cleanup(&mut self, source: &mut impl Source) {
        let Some(at) = self.walk(source) else { return };
        if let Some((cleanup, _)) = self.graph.get_mut(at).cleanups.pop() {
            assert!(
                self.m().stop_cleanup(cleanup),
                "model: the cleanup of a reachable object is gone"
            );
            assert!(!self.m().stop_cleanup(cleanup), "model: a cleanup was stopped twice");
            self.forget_special(at);
        }
    }

    fn forget_special(&mut self, at: u32) {
        let node = self.graph.get(at);
        if !node.is_special() {
            self.specials.remove(&node.id);
        }
    }

    /// Runs finalizers and cleanups, and takes note of those of objects of this world; how many those were.
    pub fn take_deaths(&mut self) -> usize {
        self.m().run_finalizers();
        let ground = Arc::clone(&self.ground);
        let own: Vec<_> =
            ground.deaths.lock().extract_if(.., |d| self.specials.contains_key(&d.id)).collect();
        let many = own.len();
        for Death { id, number, object } in own {
            let Some(&at) = self.specials.get(&id) else {
                panic!("model: object {id} had no finalizer or cleanup left, but {number} ran");
            };
            self.reach_all();
            assert!(
                !self.graph.reached(at),
                "model: finalizer or cleanup {number} ran while its object was reachable"
            );
            match object {
                Some(root) => self.finalized(at, number, root),
                None => self.cleaned_up(at, number),
            }
            self.forget_special(at);
        }
        many
    }

    fn finalized(&mut self, at: u32, number: u64, root: Root) {
        let node = self.graph.get_mut(at);
        assert_eq!(
            node.finalizer.take(),
            Some(number),
            "model: a finalizer ran twice, or after its removal"
        );
        let (id, address) = (node.id, node.address);
        assert_eq!(
            root.get().map(|p| p.as_ptr() as usize),
            Some(address),
            "model: a finalizer got another object"
        );
        self.kill_weaks(id);
        self.graph.begin();
        self.graph.reach(Edge::new(at, 0), |graph, node| graph.check(node));
        if number.is_multiple_of(3) {
            let to = number as usize % self.roots.len();
            self.roots[to] = (root, Edge::new(at, 0));
        }
    }

    fn cleaned_up(&mut self, at: u32, number: u64) {
        let node = self.graph.get_mut(at);
        assert!(node.finalizer.is_none(), "model: a cleanup ran before the finalizer");
        let before = node.cleanups.len();
        node.cleanups.retain(|(_, n)| *n != number);
        assert_eq!(
            node.cleanups.len() + 1,
            before,
            "model: a cleanup ran twice, or after it was stopped"
        );
    }

    /// Removes the shadows of objects that cannot come back. The reachable ones are marked as reached.
    pub fn forget_garbage(&mut self) {
        let weak = self.weaks.iter().filter(|w| w.is_alive()).map(|w| w.node);
        let kept: Vec<u32> = weak.chain(self.specials.values().copied()).collect();
        for node in kept {
            self.graph.reach(Edge::new(node, 0), |_, _| ());
        }
        let gone: Vec<u32> =
            self.graph.each().map(|(at, _)| at).filter(|&at| !self.graph.reached(at)).collect();
        for at in gone {
            self.graph.remove(at);
        }
    }

    /// Collects until nothing dies any more, and checks that exactly the reachable objects are left. No other
    /// mutator may have objects, and no stack may be scanned conservatively that holds anything else than the shadow knows.
    pub fn settle(&mut self) {
        self.take_deaths();
        let mut quiet = 0;
        for _ in 0..1000 {
            self.m().collect();
            quiet = if self.take_deaths() == 0 { quiet + 1 } else { 0 };
            if quiet == 2 {
                break;
            }
        }
        assert_eq!(quiet, 2, "model: objects keep dying");
        self.check();
        let mut live = self.reach_all();
        let armed: Vec<u32> =
            self.graph.each().filter(|(_, n)| n.finalizer.is_some()).map(|(at, _)| at).collect();
        for &node in &armed {
            for edge in self.graph.get(node).edges().to_vec() {
                live += self.graph.reach(edge, |_, _| ());
            }
        }
        for (at, node) in self.graph.each().filter(|(_, n)| n.is_special()) {
            assert!(self.graph.reached(at), "model: a finalizer or cleanup has not run: {node:?}");
        }
        assert_eq!(
            self.ground.deaths.clear(),
            0,
            "model: something ran that had run or was removed"
        );
        let found = self.heap.stats().live_objects;
        assert_eq!(found, live as u64, "model: live objects after everything else died");
    }
}

/// What every finalizer here does.
fn report(ground: &WeakArc<Ground>, m: &mut Mutator, object: NonNull<u8>, id: u64, number: u64) {
    if let Some(ground) = ground.upgrade() {
        let object = Some(m.root(object));
        ground.deaths.lock().push(Death { id, number, object });
    }
}
