//! gc-arena: single-threaded and incremental. It collects only between mutations, by debt, so
//! it has no mutator to hold and no thread to probe.

use gc_arena::lock::Lock;
use gc_arena::{Arena, Collect, Gc, Mutation, Rootable};

use super::{HOT_CHAIN, nodes_of_trees, time_chains};
use crate::job::{Job, Occupancy, Order};
use crate::meter;
use crate::random::Random;
use crate::report::Report;

/// Runs the job; `false` if this peer does not have it.
pub fn run(job: &Job, report: &mut Report) -> bool {
    match *job {
        Job::Trees { depth } => trees(report, depth),
        Job::Mark { log2, order, forced } => mark(report, log2, order, forced),
        Job::Alloc { size: 16, occupancy, fill, churn } => {
            alloc::<0>(report, occupancy, fill, churn);
        }
        Job::Alloc { size: 32, occupancy, fill, churn } => {
            alloc::<2>(report, occupancy, fill, churn);
        }
        Job::Alloc { size: 64, occupancy, fill, churn } => {
            alloc::<6>(report, occupancy, fill, churn);
        }
        _ => return false,
    }
    true
}

/// A tree node of two pointers, beside gc-arena's own header.
#[derive(Collect)]
#[collect(no_drop)]
struct Node<'gc> {
    children: Option<[Gc<'gc, Node<'gc>>; 2]>,
}

fn bottom_up<'gc>(mc: &Mutation<'gc>, depth: u32) -> Gc<'gc, Node<'gc>> {
    let children = (depth > 0).then(|| [bottom_up(mc, depth - 1), bottom_up(mc, depth - 1)]);
    Gc::new(mc, Node { children })
}

fn count(node: Gc<'_, Node<'_>>) -> u64 {
    1 + node.children.map_or(0, |[left, right]| count(left) + count(right))
}

fn trees(report: &mut Report, depth: u32) {
    type LongLived = Arena<Rootable![Option<Gc<'_, Node<'_>>>]>;
    let mut arena = LongLived::new(|_| None);
    let mut total = arena.mutate(|mc, _| count(bottom_up(mc, depth + 1)));
    arena.mutate_root(|mc, root| *root = Some(bottom_up(mc, depth)));
    for d in (4..=depth).step_by(4) {
        for _ in 0..1u32 << (depth - d + 4) {
            total += arena.mutate(|mc, _| count(bottom_up(mc, d)));
            arena.collect_debt();
        }
    }
    total += arena.mutate(|_, root| root.map_or(0, count));
    assert_eq!(total, nodes_of_trees(depth));
    report.set("nodes", total as f64);
}

type Edge<'gc> = Option<Gc<'gc, Object<'gc>>>;

/// 64 bytes with two pointers, beside gc-arena's own header.
#[derive(Collect)]
#[collect(no_drop)]
struct Object<'gc> {
    left: Lock<Edge<'gc>>,
    right: Lock<Edge<'gc>>,
    id: Lock<u64>,
    _pad: [u64; 5],
}

impl<'gc> Object<'gc> {
    fn new(mc: &Mutation<'gc>) -> Gc<'gc, Self> {
        let (left, right) = (Lock::new(None), Lock::new(None));
        Gc::new(mc, Object { left, right, id: Lock::new(0), _pad: [0; 5] })
    }
}

/// Sets an object's fields.
fn fill<'gc>(mc: &Mutation<'gc>, object: Gc<'gc, Object<'gc>>, id: u64, edges: [Edge<'gc>; 2]) {
    let object = Gc::write(mc, object);
    gc_arena::barrier::field!(object, Object, left).unlock().set(edges[0]);
    gc_arena::barrier::field!(object, Object, right).unlock().set(edges[1]);
    gc_arena::barrier::field!(object, Object, id).unlock().set(id);
}

fn take_id(next: &mut u64) -> u64 {
    *next += 1;
    *next - 1
}

fn grow<'gc>(mc: &Mutation<'gc>, levels: u32, next: &mut u64) -> Edge<'gc> {
    (levels > 0).then(|| {
        let (object, id) = (Object::new(mc), take_id(next));
        let edges = [grow(mc, levels - 1, next), grow(mc, levels - 1, next)];
        fill(mc, object, id, edges);
        object
    })
}

fn link<'gc>(mc: &Mutation<'gc>, objects: &[Gc<'gc, Object<'gc>>], next: &mut u64) -> Edge<'gc> {
    let (&object, rest) = objects.split_first()?;
    let (left, right) = rest.split_at(rest.len() / 2);
    let id = take_id(next);
    let edges = [link(mc, left, next), link(mc, right, next)];
    fill(mc, object, id, edges);
    Some(object)
}

fn check(edge: Edge<'_>, next: &mut u64) {
    if let Some(object) = edge {
        assert_eq!(object.id.get(), take_id(next), "an object was overwritten");
        check(object.left.get(), next);
        check(object.right.get(), next);
    }
}

fn mark(report: &mut Report, log2: u32, order: Order, forced: u32) {
    let count = (1usize << log2) - 1;
    let mut arena = Arena::<Rootable![Edge<'_>]>::new(|mc| match order {
        Order::Order => grow(mc, log2, &mut 0),
        Order::Shuffled => {
            let mut objects: Vec<_> = (0..count).map(|_| Object::new(mc)).collect();
            Random::new(1).shuffle(&mut objects);
            link(mc, &objects, &mut 0)
        }
    });
    arena.finish_cycle();
    let before = meter::cpu();
    for _ in 0..forced {
        arena.finish_cycle();
    }
    let spent = (meter::cpu() - before).as_nanos() as f64;
    report.cycles = forced.into();
    report.set("ns_object", spent / (f64::from(forced) * count as f64));
    let mut next = 0;
    arena.mutate(|_, root| check(*root, &mut next));
    assert_eq!(next, count as u64, "the live tree lost objects");
}

/// Two words and `PAD` more, beside gc-arena's own header.
#[derive(Collect)]
#[collect(no_drop)]
struct Link<'gc, const PAD: usize> {
    next: Option<Gc<'gc, Link<'gc, PAD>>>,
    id: u64,
    _pad: [u64; PAD],
}

/// What the allocation workload keeps alive.
#[derive(Collect)]
#[collect(no_drop)]
struct Kept<'gc, const PAD: usize> {
    slots: Vec<Option<Gc<'gc, Link<'gc, PAD>>>>,
    sink: Option<Gc<'gc, Link<'gc, PAD>>>,
}

fn alloc<const PAD: usize>(report: &mut Report, occupancy: Occupancy, fill: u32, churn: u32) {
    let slots = |mib: u32| ((mib as usize) << 20) / (16 + 8 * PAD);
    let mut arena = Arena::<Rootable![Kept<'_, PAD>]>::new(|mc| {
        let new = |i| Gc::new(mc, Link { next: None, id: i as u64, _pad: [0; PAD] });
        let count = if occupancy == Occupancy::Empty { 0 } else { slots(fill) };
        let mut slots: Vec<_> = (0..count).map(|i| Some(new(i))).collect();
        let mut random = Random::new(1);
        for (i, slot) in slots.iter_mut().enumerate() {
            if occupancy.drops(i, &mut random) {
                *slot = None;
            }
        }
        Kept { slots, sink: None }
    });
    arena.finish_cycle();
    let chain = |length: usize| {
        arena.mutate_root(|mc, root| {
            let mut next = None;
            for id in 0..length as u64 {
                next = Some(Gc::new(mc, Link { next, id, _pad: [0; PAD] }));
            }
            root.sink = next;
        });
        arena.collect_debt();
    };
    time_chains(report, slots(churn), chain, || 0);
    arena.mutate(|_, root| {
        let last = std::iter::successors(root.sink, |link| link.next);
        assert!(last.map(|link| link.id).eq((0..HOT_CHAIN as u64).rev()));
        let kept = root.slots.iter().enumerate();
        assert!(kept.into_iter().all(|(i, kept)| kept.is_none_or(|kept| kept.id == i as u64)));
    });
}
