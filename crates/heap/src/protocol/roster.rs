//! The roster: who takes part in handshakes, and how one joins while the collector is at work.
//!
//! Under one lock it holds the members and the collector's view of the phases. Invariant: whoever is not asked for a handshake
//! has joined with the view that the handshake gives to everybody else. So the view changes, and the members are asked, in
//! one critical section; and who joins reads the view in the one in which it becomes a member.

use std::sync::Arc;

/// The members, and what a new one starts with. Guarded by the caller's lock.
#[derive(Debug)]
pub(crate) struct Roster<M, V> {
    pub(crate) members: Vec<Arc<M>>,
    pub(super) handshake: u32,
    pub(super) view: V,
}

impl<M, V: Copy> Roster<M, V> {
    pub(crate) fn new(view: V) -> Self {
        Self { members: Vec::new(), handshake: 0, view }
    }

    /// The view that the last handshake gave.
    pub(crate) fn view(&self) -> V {
        self.view
    }

    /// Adds the member that `make` makes of the last handshake's number, to which it owes no answer, and the view.
    pub(crate) fn join(&mut self, make: impl FnOnce(u32, V) -> M) -> Arc<M> {
        let member = Arc::new(make(self.handshake, self.view));
        self.members.push(Arc::clone(&member));
        member
    }

    /// Begins a handshake (collector): `change` changes the view and says what is asked, `ask` asks a member. Its number, and
    /// who has to answer.
    pub(crate) fn ask(
        &mut self,
        change: impl FnOnce(&mut V),
        ask: impl Fn(&M, u32),
    ) -> (u32, Vec<Arc<M>>) {
        change(&mut self.view);
        self.handshake = self.handshake.wrapping_add(1);
        self.members.iter().for_each(|member| ask(member, self.handshake));
        (self.handshake, self.members.clone())
    }

    /// Removes a member, which owes no answer and will touch the heap no more.
    pub(crate) fn leave(&mut self, leaver: &M) {
        self.members.retain(|member| !std::ptr::eq(&raw const **member, leaver));
    }
}
