//! Size classes: which slot size an allocation request is rounded up to.
//!
//! A class's slots fill a span with little left at its end, and a request of more than 128 bytes wastes at most 12.5 % of its
//! slot.

/// Bytes of the smallest span, and its alignment.
pub(crate) const BLOCK: usize = 16 << 10;
/// Bytes of spans; each is aligned to its size.
const SPANS: [usize; 3] = [BLOCK, 64 << 10, 256 << 10];
/// Slots that a span has at least.
const LEAST_SLOTS: usize = 4;
/// The largest size that has a class; larger objects have spans of their own.
pub(crate) const MAX_SMALL: usize = 32 << 10;
/// The most slots a span has: those of 16 bytes in a block. Spans of smaller slots leave the rest of their block unused.
pub(crate) const MAX_SLOTS: usize = BLOCK / 16;

const SIZES: [u32; 70] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352,
    384, 416, 448, 480, 512, 576, 640, 704, 768, 832, 896, 960, 1024, 1152, 1280, 1408, 1536, 1680,
    1856, 2048, 2256, 2512, 2720, 2976, 3264, 3632, 4080, 4368, 4672, 5040, 5456, 5952, 6544, 7280,
    8192, 9024, 10080, 10912, 11904, 13104, 14560, 16384, 18720, 20160, 21840, 23824, 26208, 29120,
    32768,
];

/// How many classes there are.
pub(crate) const CLASSES: usize = SIZES.len();

/// The slot size of class `class`, in bytes.
pub(crate) const fn size_of_class(class: usize) -> usize {
    SIZES[class] as usize
}

/// Bytes of a span of `size`-byte slots: the fewest that hold a few slots with a sixteenth to spare, because each mutator has
/// a span of each kind that it allocates, which in a small heap are nearly empty.
pub(crate) fn span_bytes(size: usize) -> usize {
    let fits = |&span: &usize| span / size >= LEAST_SLOTS && span % size * 16 <= span;
    SPANS.into_iter().find(fits).unwrap_or(SPANS[2])
}

/// The smallest class whose slots hold `bytes`; `None` above [`MAX_SMALL`].
#[inline]
pub(crate) fn class_of(bytes: usize) -> Option<usize> {
    TABLE.get(bytes.div_ceil(8)).map(|&c| c as usize)
}

/// [`class_of`] at compile time.
pub(crate) const fn class_of_const(bytes: usize) -> Option<usize> {
    if bytes > MAX_SMALL { None } else { Some(TABLE[bytes.div_ceil(8)] as usize) }
}

static TABLE: [u8; MAX_SMALL / 8 + 1] = table();

const fn table() -> [u8; MAX_SMALL / 8 + 1] {
    let mut table = [0; MAX_SMALL / 8 + 1];
    let (mut class, mut eighth) = (0, 0);
    while eighth < table.len() {
        if eighth * 8 > SIZES[class] as usize {
            class += 1;
        }
        table[eighth] = class as u8;
        eighth += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_gets_the_smallest_class_that_holds_it() {
        for bytes in 0..=MAX_SMALL {
            let class = class_of(bytes).unwrap();
            assert!(size_of_class(class) >= bytes);
            assert!(class == 0 || size_of_class(class - 1) < bytes, "{bytes}");
        }
        assert_eq!(class_of(MAX_SMALL + 1), None);
    }

    #[test]
    fn slots_waste_at_most_an_eighth() {
        for class in 9..CLASSES - 1 {
            let (size, next) = (size_of_class(class), size_of_class(class + 1));
            let waste = (next - size - 1) as f64 / next as f64;
            assert!(waste <= 0.125, "{size} to {next}: {waste}");
        }
    }

    #[test]
    fn spans_are_filled_but_for_a_sixteenth() {
        for class in 0..CLASSES {
            let size = size_of_class(class);
            let slots = (span_bytes(size) / size).min(MAX_SLOTS);
            let used = slots * size;
            assert!(size == 8 || used * 16 >= span_bytes(size) * 15, "{size}");
        }
    }
}
