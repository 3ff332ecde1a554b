//! Many durations, and what they come to.

use std::time::Duration;

/// Measured durations, in order of size once asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    micros: Vec<f64>,
    sorted: bool,
}

impl Pace {
    pub(crate) fn add(&mut self, took: Duration) {
        self.add_micros(took.as_secs_f64() * 1e6);
    }

    pub(crate) fn add_micros(&mut self, micros: f64) {
        self.micros.push(micros);
        self.sorted = false;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.sorted = false;
    }

    pub(crate) fn count(&self) -> usize {
        self.micros.len()
    }

    /// The duration that `share` (0 to 1) of all do not exceed, in microseconds; 0 where there are none.
    pub(crate) fn micros_at(&mut self, share: f64) -> f64 {
        if !self.sorted {
            self.micros.sort_by(f64::total_cmp);
            self.sorted = true;
        }
        let rank = (share * self.micros.len() as f64).ceil() as usize;
        self.micros.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    }

    pub(crate) fn median_micros(&mut self) -> f64 {
        self.micros_at(0.5)
    }
}

impl FromIterator<Pace> for Pace {
    fn from_iter<T: IntoIterator<Item = Pace>>(paces: T) -> Self {
        let mut all = Self::default();
        paces.into_iter().for_each(|pace| all.merge(pace));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_nearest_rank() {
        let mut pace = Pace::default();
        assert_eq!(pace.median_micros(), 0.0);
        (1..=100).rev().for_each(|millis| pace.add(Duration::from_millis(millis)));
        assert_eq!(pace.median_micros(), 50_000.0);
        assert_eq!(pace.micros_at(0.99), 99_000.0);
        assert_eq!(pace.micros_at(1.0), 100_000.0);
    }
}
