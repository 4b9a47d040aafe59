//! Where a program's decisions come from.

/// An endless or finite list of decisions.
pub trait Source {
    /// A number below `bound`; 0 once the source is exhausted.
    fn below(&mut self, bound: u32) -> u32;

    /// Whether there is another operation.
    fn more(&mut self) -> bool;

    /// True in one of `n` cases.
    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }
}

/// A pseudo-random source that ends after a number of operations (splitmix64).
#[derive(Debug, Clone)]
pub struct Seeded {
    state: u64,
    left: u64,
}

impl Seeded {
    /// The source of `seed`, good for `operations`.
    pub fn new(seed: u64, operations: u64) -> Self {
        Self { state: mix(seed ^ 0x5851_F42D_4C95_7F2D), left: operations }
    }
}

impl Source for Seeded {
    fn below(&mut self, bound: u32) -> u32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        (((mix(self.state) >> 32) * u64::from(bound)) >> 32) as u32
    }

    fn more(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }
}

/// A source that reads a fuzzer's bytes.
#[derive(Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Source for Bytes<'_> {
    fn below(&mut self, bound: u32) -> u32 {
        let mut value = 0;
        for _ in 0..if bound <= 256 { 1 } else { 3 } {
            let Some((&byte, rest)) = self.0.split_first() else { return 0 };
            self.0 = rest;
            value = value << 8 | u32::from(byte);
        }
        value % bound
    }

    fn more(&mut self) -> bool {
        !self.0.is_empty()
    }
}

/// Scrambles a word: the finisher of splitmix64.
pub fn mix(word: u64) -> u64 {
    let word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}
