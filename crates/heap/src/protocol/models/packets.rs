//! The packet pool: each address published is taken once, whoever steals it.

use super::explore;
use crate::{
    protocol::packets::{Packet, Pool, Segment},
    sync::Ordering,
};
use loom::thread;
use std::sync::Arc;

/// Publishes one address.
fn publish(pool: &Pool, address: usize) {
    let mut packet = pool.fresh();
    packet.push(address);
    pool.publish(packet);
}

/// Empties a packet into `found`.
fn drain(pool: &Pool, mut packet: Packet, found: &mut Vec<usize>) {
    while let Some(address) = packet.pop() {
        found.push(address);
    }
    pool.recycle(packet);
}

/// Takes once.
fn steal(pool: &Pool, found: &mut Vec<usize>) {
    pool.enter();
    if let Some(packet) = pool.take() {
        drain(pool, packet, found);
    }
    pool.leave();
}

/// Asserts that `found` and what is left in `pool` are `1..=n`, each once.
fn assert_each_once(pool: &Pool, mut found: Vec<usize>, n: usize) {
    while let Some(packet) = pool.take() {
        drain(pool, packet, &mut found);
    }
    found.sort_unstable();
    assert!(found.iter().copied().eq(1..=n), "published 1 to {n}, taken {found:?}");
}

/// Two markers steal while a third party publishes from recycled packets.
#[test]
fn each_address_is_taken_once() {
    explore(3, || {
        let pool = Arc::new(super::pool());
        publish(&pool, 1);
        let marker = |publishes: bool| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut found = Vec::new();
                steal(&pool, &mut found);
                if publishes {
                    publish(&pool, 2);
                }
                steal(&pool, &mut found);
                found
            })
        };
        let markers = [marker(true), marker(false)];
        let found = markers.into_iter().flat_map(|marker| marker.join().unwrap()).collect();
        assert_each_once(&pool, found, 2);
    });
}

/// The collector maps packets ahead and forgets them, while a marker makes some: none is had twice, and none is used while its
/// memory goes away.
fn packets_are_forgotten(forget: fn(&Pool)) {
    let pool = Arc::new(super::pool());
    let in_use: Vec<_> = (0..3).map(|_| pool.fresh()).collect();
    pool.prepare(1);
    let marker = thread::spawn({
        let pool = Arc::clone(&pool);
        move || publish(&pool, 1)
    });
    forget(&pool);
    publish(&pool, 2);
    marker.join().unwrap();
    in_use.into_iter().for_each(|packet| pool.recycle(packet));
    assert_each_once(&pool, Vec::new(), 2);
}

#[test]
fn packets_that_are_forgotten_are_had_once() {
    explore(3, || packets_are_forgotten(Pool::forget_ahead));
}

#[test]
#[should_panic(expected = "Causality violation")]
fn packets_that_are_forgotten_as_they_are_made_are_in_use() {
    explore(3, || {
        packets_are_forgotten(|pool| pool.each_part(3..4, Segment::release));
    });
}

/// A party that takes two packets and puts the first back while another is taking it, by `push` and `pop`.
fn a_packet_goes_away_and_comes_back(push: fn(&Pool, Packet), pop: fn(&Pool) -> Option<Packet>) {
    let pool = Arc::new(super::pool());
    publish(&pool, 1);
    publish(&pool, 2);
    let slow = thread::spawn({
        let pool = Arc::clone(&pool);
        move || {
            let mut found = Vec::new();
            while let Some(packet) = pop(&pool) {
                drain(&pool, packet, &mut found);
            }
            found
        }
    });
    let mut found = Vec::new();
    let (first, second) = (pop(&pool), pop(&pool));
    if let Some(first) = first {
        push(&pool, first);
    }
    if let Some(second) = second {
        drain(&pool, second, &mut found);
    }
    found.extend(slow.join().unwrap());
    assert_each_once(&pool, found, 2);
}

/// The tag beside the head keeps a slow taker from a packet that went away and came back.
#[test]
fn a_packet_that_came_back_is_another_packet() {
    explore(3, || {
        a_packet_goes_away_and_comes_back(
            |pool, packet| pool.push(&pool.full, packet),
            |pool| pool.pop(&pool.full),
        );
    });
}

/// Fails: heads without tags.
#[test]
#[should_panic(expected = "Causality violation")]
fn without_a_tag_an_address_is_taken_twice() {
    let push = |pool: &Pool, packet: Packet| {
        // SAFETY: slots live as long as the pool.
        let slot = unsafe { &*packet.slot };
        let mut old = pool.full.load(Ordering::SeqCst);
        loop {
            slot.next.store(old as u32, Ordering::Relaxed);
            let new = old >> 32 << 32 | u64::from(packet.index);
            match pool.full.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return,
                Err(seen) => old = seen,
            }
        }
    };
    let pop = |pool: &Pool| {
        let mut old = pool.full.load(Ordering::SeqCst);
        loop {
            let index = old as u32;
            if index == u32::MAX {
                return None;
            }
            let slot = pool.slot(index);
            let new = old >> 32 << 32 | u64::from(slot.next.load(Ordering::Relaxed));
            match pool.full.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return Some(Packet { index, slot }),
                Err(seen) => old = seen,
            }
        }
    };
    explore(3, move || a_packet_goes_away_and_comes_back(push, pop));
}
