//! Minimum mutator utilisation (Cheng and Blelloch 2001): over all windows of a length, the
//! least share of time that a mutator had to itself.

use crate::report::Pause;

/// The utilisation in the worst window of `window` nanoseconds within `elapsed`, as a share.
/// The pauses must be in order and must not overlap.
pub fn minimum(pauses: &[Pause], elapsed: u64, window: u64) -> f64 {
    let window = window.min(elapsed);
    if window == 0 {
        return 1.0;
    }
    // The worst window starts where a pause starts or ends where one ends.
    let starts = pauses.iter().map(|&[start, ..]| start);
    let ends = pauses.iter().map(|&[start, length, _]| (start + length).saturating_sub(window));
    let worst = |from: u64| {
        let from = from.min(elapsed - window);
        let first = pauses.partition_point(|&[start, length, _]| start + length <= from);
        let within = pauses[first..].iter().take_while(|&&[start, ..]| start < from + window);
        within
            .map(|&[start, length, _]| (start + length).min(from + window) - start.max(from))
            .sum::<u64>()
    };
    let paused = starts.chain(ends).map(worst).max().unwrap_or(0);
    1.0 - paused as f64 / window as f64
}

#[cfg(test)]
mod tests {
    use super::minimum;

    #[test]
    fn without_pauses_the_mutator_has_all() {
        assert_eq!(minimum(&[], 1000, 100), 1.0);
    }

    #[test]
    fn a_long_pause_leaves_nothing() {
        assert_eq!(minimum(&[[300, 100, 0]], 1000, 100), 0.0);
    }

    #[test]
    fn pauses_close_together_add_up() {
        let pauses = [[100, 20, 0], [150, 30, 0], [500, 40, 0]];
        assert_eq!(minimum(&pauses, 1000, 100), 0.5);
    }

    #[test]
    fn a_window_longer_than_the_run_is_the_run() {
        assert_eq!(minimum(&[[0, 250, 0]], 1000, 5000), 0.75);
    }
}
