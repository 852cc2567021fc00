/// Bits of a value, below its leading one, that select the bucket. A bucket is 1/128 of its value
/// wide.
const PRECISION: u32 = 7;
const PER_DOUBLING: usize = 1 << PRECISION;
const BUCKETS: usize = (u64::BITS - PRECISION + 1) as usize * PER_DOUBLING;

/// Counts values in buckets whose width grows with the value. Its size is fixed, so recording takes
/// no memory.
pub struct Histogram {
    buckets: Box<[u64; BUCKETS]>,
    count: u64,
}

impl Histogram {
    pub fn new() -> Self {
        Self { buckets: Box::new([0; BUCKETS]), count: 0 }
    }

    pub fn record(&mut self, value: u64) {
        self.buckets[bucket_of(value)] += 1;
        self.count += 1;
    }

    pub fn clear(&mut self) {
        self.buckets.fill(0);
        self.count = 0;
    }

    /// The value that a `share` (0 to 1) of all recorded values do not exceed: the middle of its
    /// bucket. 0 if there are none.
    pub fn quantile(&self, share: f64) -> u64 {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle_of(bucket);
            }
        }
        0
    }
}

/// Values below two doublings of the precision have buckets of their own; above, the leading one
/// and the `PRECISION` bits behind it name the bucket.
fn bucket_of(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(PRECISION + 1);
    shift as usize * PER_DOUBLING + (value >> shift) as usize
}

fn middle_of(bucket: usize) -> u64 {
    if bucket < 2 * PER_DOUBLING {
        return bucket as u64;
    }
    let shift = bucket / PER_DOUBLING - 1;
    let start = ((bucket % PER_DOUBLING + PER_DOUBLING) as u64) << shift;
    start + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_value_within_a_bucket_width() {
        for value in (0..64).flat_map(|bit| [1u64 << bit, (1u64 << bit) - 1, (1u64 << bit) | (1u64 << bit >> 3)]) {
            let kept = middle_of(bucket_of(value));
            assert!(kept.abs_diff(value) <= value / PER_DOUBLING as u64, "{value} became {kept}");
        }
        assert!(bucket_of(u64::MAX) < BUCKETS);
    }

    #[test]
    fn buckets_are_in_the_order_of_their_values() {
        let values: Vec<u64> = (0..60).flat_map(|bit| (0..8).map(move |part| (8 + part) << bit)).collect();
        assert!(values.windows(2).all(|pair| bucket_of(pair[0]) <= bucket_of(pair[1])));
    }

    #[test]
    fn gives_quantiles() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), 0);
        (1..=100).for_each(|value| histogram.record(value));
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| histogram.quantile(share)), [1, 50, 99, 100]);
        histogram.clear();
        assert_eq!(histogram.quantile(0.5), 0);
    }
}
