//! Repeatable choices: the same on every machine and whatever the number of threads.

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The choices numbered `stream` of those that `seed` makes.
    pub(crate) fn new(seed: u64, stream: u64) -> Random {
        let mut random = Random(seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.0 = random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0..bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// 0 to just below 1.
    pub(crate) fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// -reach to reach.
    pub(crate) fn around(&mut self, reach: f32) -> f32 {
        reach * (2.0 * self.share() - 1.0)
    }

    /// True in that share of the cases.
    pub(crate) fn chance(&mut self, share: f32) -> bool {
        self.share() < share
    }
}

/// Where `place` of 0..count lands in a shuffle chosen by `key`: a permutation computed in place
/// (a Feistel network, walked until the result is in range), so that an epoch needs no list.
pub(crate) fn shuffled(place: u64, count: u64, key: u64) -> u64 {
    let half = (64 - count.leading_zeros()).div_ceil(2).max(1);
    let mask = (1u64 << half) - 1;
    let mut x = place;
    loop {
        let (mut left, mut right) = (x >> half, x & mask);
        for round in 0..4 {
            let mixed = Random::new(key ^ round, right).next() & mask;
            (left, right) = (right, left ^ mixed);
        }
        x = (left << half) | right;
        if x < count {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_is_a_permutation() {
        for count in [1, 2, 7, 16, 1000] {
            let mut seen: Vec<u64> = (0..count).map(|i| shuffled(i, count, 42)).collect();
            assert!(
                count < 7 || seen != (0..count).collect::<Vec<_>>(),
                "{count} are not shuffled"
            );
            seen.sort_unstable();
            assert_eq!(seen, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn shares_fill_their_range_evenly() {
        let mut random = Random::new(1, 2);
        let shares: Vec<f32> = (0..1000).map(|_| random.share()).collect();
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
        let mean = shares.iter().sum::<f32>() / 1000.0;
        assert!((mean - 0.5).abs() < 0.03, "{mean}");
    }
}
