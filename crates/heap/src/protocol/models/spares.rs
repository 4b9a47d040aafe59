//! The spare blocks: each is handed out once, with what its last user left in it.

use super::explore;
use crate::{
    protocol::spares::Spares,
    sync::{Ordering, UnsafeCell},
};
use loom::thread;
use std::sync::Arc;

/// Blocks 0 to 2 and the table that they go through. Who has a block uses its memory.
struct World {
    spares: Spares,
    memory: [UnsafeCell<u32>; 3],
}

impl World {
    /// Blocks 0 and 1 are spare.
    fn new() -> Arc<Self> {
        let world = Self { spares: Spares::new(), memory: [0; 3].map(UnsafeCell::new) };
        assert!(world.spares.add(0, true) && world.spares.add(1, false));
        Arc::new(world)
    }

    fn use_block(&self, block: usize) {
        // SAFETY: that nobody else is in here is what loom checks.
        self.memory[block].with_mut(|uses| unsafe { *uses += 1 });
    }

    /// The last user of block 2 is done with it and makes it a spare one; false if there is no room.
    fn add_another(&self) -> bool {
        self.use_block(2);
        self.spares.add(2, false)
    }

    /// Takes a block by `take` and uses it.
    fn take(&self, take: fn(&Spares) -> Option<(usize, bool)>) -> Option<usize> {
        let (block, clean) = take(&self.spares)?;
        assert_eq!(clean, block == 0, "block {block} was mistaken for another");
        self.use_block(block);
        Some(block)
    }
}

/// Two mutators take blocks while the holder of the page heap's lock adds one.
fn two_take_and_one_adds(take: fn(&Spares) -> Option<(usize, bool)>) -> Arc<World> {
    let world = World::new();
    let taker = || {
        let world = Arc::clone(&world);
        thread::spawn(move || world.take(take))
    };
    let takers = [taker(), taker()];
    let added = world.add_another();
    let mut blocks: Vec<_> = takers.into_iter().filter_map(|t| t.join().unwrap()).collect();
    while let Some(block) = world.take(Spares::take) {
        blocks.push(block);
    }
    blocks.sort_unstable();
    assert!(blocks.iter().copied().eq(0..2 + usize::from(added)), "taken: {blocks:?}");
    world
}

#[test]
fn each_spare_block_is_taken_once_with_what_its_last_user_left() {
    explore(3, || {
        let world = two_take_and_one_adds(Spares::take);
        assert_eq!(world.spares.count(), (0, 0));
    });
}

/// Fails: a taker looks and then clears, where it must swap.
#[test]
#[should_panic(expected = "Causality violation")]
fn spare_blocks_that_are_taken_without_a_swap_have_two_users() {
    let take = |spares: &Spares| {
        let slot = spares.slots.iter().find(|slot| slot.load(Ordering::Acquire) != 0)?;
        let word = slot.load(Ordering::Acquire);
        slot.store(0, Ordering::Release);
        (word != 0).then(|| ((word >> 1) as usize - 1, word & 1 != 0))
    };
    explore(3, move || drop(two_take_and_one_adds(take)));
}

/// Fails: a taker does not acquire what the last user released.
#[test]
#[should_panic(expected = "Causality violation")]
fn spare_blocks_that_are_taken_relaxed_are_in_use() {
    let take = |spares: &Spares| {
        let word = spares.slots.iter().find_map(|slot| match slot.swap(0, Ordering::Relaxed) {
            0 => None,
            word => Some(word),
        })?;
        Some(((word >> 1) as usize - 1, word & 1 != 0))
    };
    explore(3, move || drop(two_take_and_one_adds(take)));
}
