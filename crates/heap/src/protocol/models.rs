//! Models of the protocols, explored by loom: every interleaving with a bounded number of preemptions, and every
//! value that a weak load may return.
//!
//! Each test is named after the rule it checks. For what a rule forbids or leaves out there is a weakened twin that
//! must fail, so that a model which no longer reaches the race is noticed.
//!
//! Loom keeps one order of all SeqCst accesses but for the values that atomics are made with, which it hands out as
//! stale to SeqCst loads too. So the models store every word that such loads read once before their threads start.
//! And it remembers the last access to a word alone: a thread that loads a word and then stores to it hides that another
//! one loaded it before. Where that matters, the thread that stores is started first.

// Loom runs the threads of a model in turn on one, and asks no more of what they share.
#![allow(clippy::arc_with_non_send_sync)]

mod closing;
mod gate;
mod hold;
mod marking;
mod packets;
mod root_table;
mod roster;
mod spans;
mod spares;
mod stacks;
mod trigger;
mod weak;
mod weak_gate;

use super::packets::Pool;

/// Explores `model` with at most `preemptions` preemptions of a thread that could have run on.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A pool whose slots exist and whose words were stored, as the module's head explains.
fn pool() -> Pool {
    let pool = Pool::new();
    let packets: Vec<_> = (0..3).map(|_| pool.fresh()).collect();
    for mut packet in packets {
        packet.push(1);
        pool.publish(packet);
    }
    pool.enter();
    pool.clear();
    pool.leave();
    pool.closing().reset();
    pool
}
