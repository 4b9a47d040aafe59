//! Which of a mutator's allocations are sampled for the [allocation profile](crate::profile).
//!
//! The fast path knows nothing of samples: a chunk is cut short before the object that the next
//! sample falls on, so that this object is the first of the next chunk and passes the slow path. Each kind has gaps of
//! its own, because chunks of different kinds are used up at different rates, and a gap over all of them would
//! let the next kind that comes along answer for another. Gaps are exponential, so the sum over kinds samples
//! as one process would, and a chunk's unused rest, which is never sampled, biases nothing.

use super::Mutator;
use crate::{
    profile::{Profile, Sample, Sampling},
    space::kinds::MAX_KINDS,
};

/// The state of one mutator's sampling.
#[derive(Debug)]
pub(super) struct Sampler {
    generation: u32,
    sampling: Sampling,
    random: u64,
    /// Bytes of each kind until the next sample; zero where no gap has been drawn.
    gaps: Box<[u64]>,
}

impl Sampler {
    fn new(generation: u32, sampling: Sampling, seed: u64) -> Self {
        Self { generation, sampling, random: seed, gaps: vec![0; MAX_KINDS].into_boxed_slice() }
    }

    /// Whether the next object of `kind`, of `size` bytes, is sampled, and how many of `bytes` bytes of such objects may be
    /// handed out before it must be asked again: a whole number of objects, at least one.
    fn step(&mut self, kind: u16, size: usize, bytes: usize) -> (bool, usize) {
        let mut gap = self.gaps[kind as usize];
        if gap == 0 {
            gap = self.draw();
        }
        let sampled = gap <= size as u64;
        // What follows the first object.
        gap = if sampled { self.draw() } else { gap - size as u64 };
        let whole = (gap - 1) / size as u64 * size as u64;
        let more = whole.min((bytes - size) as u64);
        self.gaps[kind as usize] = gap - more;
        (sampled, size + more as usize)
    }

    /// An exponentially distributed gap, at least one byte.
    fn draw(&mut self) -> u64 {
        if self.sampling.rate <= 1 {
            return 1;
        }
        // SplitMix64 (Steele, Lea, Flood, 2014).
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let uniform = ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        1 + (-(1.0 - uniform).ln() * self.sampling.rate as f64) as u64
    }

    /// How many objects of `size` bytes a sampled one stands for.
    fn weight(&self, size: usize) -> f64 {
        if self.sampling.rate <= 1 {
            return 1.0;
        }
        // A gap of g whole bytes and a fraction hits an object of s bytes if g < s.
        1.0 / (1.0 - (-(size as f64) / self.sampling.rate as f64).exp())
    }
}

/// Decides over the next objects of a kind: see [`Sampler::step`]. Without sampling, all `bytes` may go. `mutator` is the
/// number of the mutator that the sampler belongs to.
#[inline]
pub(super) fn step(
    sampler: &mut Option<Box<Sampler>>,
    profile: &Profile,
    mutator: u32,
    kind: u16,
    size: usize,
    bytes: usize,
) -> (bool, usize) {
    let generation = profile.generation();
    if sampler.as_ref().map_or(0, |s| s.generation) != generation {
        let (generation, sampling) = profile.sampling();
        let seed = u64::from(mutator) << 32 | u64::from(generation);
        *sampler = sampling.map(|sampling| Box::new(Sampler::new(generation, sampling, seed)));
    }
    sampler.as_mut().map_or((false, bytes), |s| s.step(kind, size, bytes))
}

impl Mutator {
    /// Takes note of a sampled object that was just allocated.
    #[cold]
    pub(super) fn record_sample(&mut self, object: usize, bytes: usize, scan: bool) {
        let private = self.private();
        let Some(sampler) = &private.sampler else { return };
        let sample = Sample {
            site: (sampler.sampling.site)(bytes),
            weight: sampler.weight(bytes),
            bytes,
            scan,
            black_in: if private.black { private.cycle } else { 0 },
        };
        self.heap.shared.profile.add(object, sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn sampler(rate: u64) -> Sampler {
        Sampler::new(1, Sampling { rate, site: Arc::new(|_| 0) }, 7)
    }

    #[test]
    fn a_rate_of_one_samples_every_object() {
        let mut s = sampler(1);
        for _ in 0..100 {
            assert_eq!(s.step(5, 16, 4096), (true, 16));
        }
        assert_eq!(s.weight(16), 1.0);
    }

    #[test]
    fn weights_make_up_for_what_was_not_sampled() {
        for (size, rate) in [(16, 1000), (512, 1000), (4096, 1000), (48, 512 << 10)] {
            let mut s = sampler(rate);
            let (mut objects, mut estimate) = (0usize, 0.0);
            while objects < 40_000_000 / size {
                let (sampled, bytes) = s.step(3, size, 4096 / size * size);
                assert!(bytes % size == 0 && (size..=4096).contains(&bytes));
                objects += bytes / size;
                estimate += if sampled { s.weight(size) } else { 0.0 };
            }
            let off = estimate / objects as f64 - 1.0;
            // Four standard deviations of a Poisson count.
            let samples = objects as f64 / s.weight(size);
            assert!(off.abs() < 4.0 / samples.sqrt(), "{size} at {rate}: off by {off}");
        }
    }
}
