//! Damage to sources: cut short, or with a token deleted, doubled, swapped with the next or replaced by another.
//!
//! What is damaged how is chosen by a generator that always starts the same, so that a failure can be met again.

use std::ops::Range;

/// Numbers that look random, always the same for the same seed.
pub struct Random(u64);

impl Random {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `n`, or 0 if that is 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// The kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The text ends anywhere, inside a token or between two.
    Cut,
    /// A token is missing.
    Deleted,
    /// A token is there twice.
    Doubled,
    /// A token has changed places with the next.
    Swapped,
    /// A token stands where another was.
    Replaced,
}

impl Damage {
    /// All kinds.
    pub const ALL: [Damage; 5] =
        [Damage::Cut, Damage::Deleted, Damage::Doubled, Damage::Swapped, Damage::Replaced];

    /// The text with damage of this kind somewhere. `tokens` are the places of its tokens, in order.
    pub fn apply(self, text: &[u8], tokens: &[Range<usize>], random: &mut Random) -> Vec<u8> {
        if self == Damage::Cut || tokens.len() < 2 {
            return text[..random.below(text.len())].to_vec();
        }
        let at = random.below(tokens.len() - 1);
        let (a, b) = (tokens[at].clone(), tokens[at + 1].clone());
        let (before, after) = (&text[..a.start], &text[a.end..]);
        match self {
            Damage::Cut => unreachable!("it was handled first"),
            Damage::Deleted => [before, after].concat(),
            Damage::Doubled => [&text[..a.end], b" ", &text[a.start..]].concat(),
            Damage::Swapped => [before, &text[b.clone()], b" ", &text[a], &text[b.end..]].concat(),
            Damage::Replaced => {
                let other = tokens[random.below(tokens.len())].clone();
                [before, &text[other], after].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_changes_what_it_says() {
        let text = b"ab c";
        let tokens = [0..2, 3..4];
        let apply = |damage: Damage| {
            let bytes = damage.apply(text, &tokens, &mut Random::new(1));
            String::from_utf8(bytes).unwrap()
        };
        assert!("ab c".starts_with(&apply(Damage::Cut)));
        assert_eq!(apply(Damage::Deleted), " c");
        assert_eq!(apply(Damage::Doubled), "ab ab c");
        assert_eq!(apply(Damage::Swapped), "c ab");
        assert!(["ab c", "c c"].contains(&apply(Damage::Replaced).as_str()));
        assert_eq!(Damage::Swapped.apply(b"", &[], &mut Random::new(1)), b"");
    }
}
