//! A leak cycle tells stacks that can be woken from those that cannot, and frees nothing of either.
use std::{
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use trigo_heap::{Config, Debug, Heap, Layout, Mutator, RootSource, RootVisitor, Stack, Suspect};

fn heap() -> Heap {
    let debug = Debug { verify: true, poison: true, ..Debug::default() };
    Heap::new(Config { idle_cycles: false, debug, ..Config::default() }).expect("address space")
}

/// A parked stack, with its memory.
struct Parked {
    stack: Arc<Stack>,
    words: Box<[usize]>,
}

fn park(m: &mut Mutator, objects: &[NonNull<u8>]) -> Parked {
    let words: Box<[usize]> = objects.iter().map(|o| o.as_ptr() as usize).collect();
    let (top, sp) = (words.as_ptr_range().end.cast(), words.as_ptr().cast());
    // SAFETY: the words live and stay as they are as long as the stack, and the caller holds what they point to.
    let stack = unsafe { m.new_parked_stack(top, sp) };
    Parked { stack, words }
}

fn channel(m: &mut Mutator) -> NonNull<u8> {
    m.alloc(Layout::POINTERS, 96).unwrap()
}

#[test]
fn who_waits_for_something_reachable_is_alive_and_keeps_others_alive() {
    let heap = heap();
    let mut m = heap.attach();
    let [known, through, a, b, lonely] = std::array::from_fn(|_| channel(&mut m));
    let root = m.root(known);
    let stacks = [
        park(&mut m, &[lonely]),         // leaked: nobody else knows its channel
        park(&mut m, &[through]),        // alive, because the next one is
        park(&mut m, &[known, through]), // alive: a handle leads to its channel
        park(&mut m, &[a, b]),           // leaked, with its partner:
        park(&mut m, &[b, a]),           // each could wake the other
        park(&mut m, &[]),               // leaked: it waits for nothing
    ];
    let waits = [Some(lonely), Some(through), Some(known), Some(a), Some(b), None];
    let suspects: Vec<_> = stacks
        .iter()
        .zip(waits)
        .map(|(s, w)| w.into_iter().fold(Suspect::new(&s.stack), Suspect::waits_for))
        .collect();
    assert_eq!(m.collect_leaks(&suspects), [0, 3, 4, 5]);
    assert_eq!(heap.stats().live_objects, 5, "leaked memory is kept");
    drop(root);
    assert_eq!(m.collect_leaks(&suspects), [0, 1, 2, 3, 4, 5]);
    m.collect();
    assert_eq!(heap.stats().live_objects, 5, "parked stacks are roots of ordinary cycles");
}

#[test]
fn a_handle_of_the_suspect_alone_does_not_keep_it_alive_but_its_objects_are_kept() {
    let heap = heap();
    let mut m = heap.attach();
    let (channel, behind) = (channel(&mut m), m.alloc(Layout::NO_SCAN, 64).unwrap());
    // SAFETY: the object's first word.
    unsafe { m.store(channel.cast().as_ptr(), behind.as_ptr()) };
    let own = m.root(channel);
    let parked = park(&mut m, &[channel]);
    let suspect = Suspect::new(&parked.stack).waits_for(channel);
    assert_eq!(m.collect_leaks(std::slice::from_ref(&suspect)), []);
    assert_eq!(m.collect_leaks(&[suspect.with_root(&own)]), [0]);
    assert_eq!(heap.stats().live_objects, 2);
    let foreign = NonNull::from(&heap).cast();
    let suspect = Suspect::new(&parked.stack).waits_for(foreign);
    assert_eq!(m.collect_leaks(&[suspect]), [], "what is outside is always reachable");
}

#[derive(Debug, Default)]
struct Scanned(AtomicBool);

// SAFETY: it holds no pointers.
unsafe impl RootSource for Scanned {
    fn scan(&self, _: &mut RootVisitor<'_>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_suspect_that_is_woken_while_the_cycle_marks_loses_nothing() {
    let heap = heap();
    let mut m = heap.attach();
    let scanned = Arc::new(Scanned::default());
    heap.add_root_source(scanned.clone());
    for round in 0..50 {
        let target = m.alloc(Layout::NO_SCAN, 16).unwrap();
        // SAFETY: two words of the object.
        unsafe { target.cast::<[usize; 2]>().write([round, !round]) };
        let parked = park(&mut m, &[target]);
        scanned.0.store(false, Ordering::SeqCst);
        let found = std::thread::scope(|scope| {
            let hunt = scope.spawn(|| heap.collect_leaks(&[Suspect::new(&parked.stack)]));
            // Mutators have been scanned when sources are.
            while !scanned.0.load(Ordering::SeqCst) {
                m.poll();
            }
            let sp = parked.words.as_ptr().cast();
            // SAFETY: the stack runs here, suspended at its lowest word, until it is removed.
            unsafe {
                m.resume_stack(&parked.stack);
                m.suspended(sp, |m| m.blocked(|| hunt.join().unwrap()))
            }
        });
        assert!(found.is_empty() || found == [0]);
        // SAFETY: the stack, which runs on this mutator, kept the object.
        assert_eq!(unsafe { target.cast::<[usize; 2]>().read() }, [round, !round]);
        m.remove_stack(&parked.stack);
    }
}
