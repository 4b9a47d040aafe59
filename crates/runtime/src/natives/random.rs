//! Random numbers.

use super::natives;
use crate::worker::Outcome;

/// The words of ChaCha8's block function as internal/chacha8rand lays them out: four blocks side by side, with the counters
/// from `counter` on. Follows `chacha8_generic.go` of Go's internal/chacha8rand; the cipher is Bernstein's ChaCha.
fn chacha8(seed: &[u64; 4], counter: u32, out: &mut [[u32; 4]; 16]) {
    const CONSTANTS: [u32; 4] = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
    let key: [u32; 8] = std::array::from_fn(|i| (seed[i / 2] >> (32 * (i % 2))) as u32);
    for (block, counter) in (0..4).map(|i| (i, counter.wrapping_add(i as u32))) {
        let mut x: [u32; 16] = std::array::from_fn(|i| match i {
            0..4 => CONSTANTS[i],
            4..12 => key[i - 4],
            12 => counter,
            _ => 0,
        });
        for _ in 0..4 {
            for (a, b, c, d) in [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)] {
                quarter(&mut x, a, b, c, d);
            }
            for (a, b, c, d) in [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)] {
                quarter(&mut x, a, b, c, d);
            }
        }
        for i in 0..16 {
            // Only the key is added back, which is what makes the function one-way.
            out[i][block] = if (4..12).contains(&i) { x[i].wrapping_add(key[i - 4]) } else { x[i] };
        }
    }
}

fn quarter(x: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(16);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(12);
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(8);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(7);
}

natives! {
    "runtime.randomNative" random(_w, at: *mut u8, bytes: usize) {
        // SAFETY: Go code passes room for them. So few bytes come at once.
        unsafe { libc::getrandom(at.cast(), bytes, 0) };
        Outcome::Done
    }

    "internal/chacha8rand.block" block(_w, seed: *const [u64; 4], blocks: *mut [[u32; 4]; 16], counter: u32) {
        // SAFETY: Go code passes both, which are its own.
        unsafe { chacha8(&*seed, counter, &mut *blocks) };
        Outcome::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_make_four_different_blocks() {
        let mut out = [[0; 4]; 16];
        chacha8(&[1, 2, 3, 4], 0, &mut out);
        let mut second = [[0; 4]; 16];
        chacha8(&[1, 2, 3, 4], 1, &mut second);
        for word in 0..16 {
            assert_eq!(out[word][1..], second[word][..3]);
        }
        assert!(out.iter().all(|lanes| lanes[0] != lanes[1]));
    }
}
