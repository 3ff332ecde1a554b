//! Many durations, and what they come to.

use std::time::{Duration, Instant};

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

    pub(crate) fn mean_micros(&self) -> f64 {
        self.micros.iter().sum::<f64>() / self.micros.len().max(1) as f64
    }
}

/// Runs in one sample of something quick, so that the clock's own cost (some 20 ns) does not show.
const BATCH: u32 = 16;

/// Longest run that counts as quick.
const QUICK: Duration = Duration::from_micros(5);

/// Samples, and the time they may take.
const SAMPLES_MAX: usize = 50_000;
const SAMPLING_MAX: Duration = Duration::from_secs(2);

/// Runs before the clock starts, and the time they may take.
const WARM_UP_RUNS: u32 = 20_000;
const WARM_UP_MAX: Duration = Duration::from_millis(300);

/// How long `work` takes, over and over on one thread.
pub(crate) fn of(mut work: impl FnMut()) -> Pace {
    let (began, mut runs) = (Instant::now(), 0);
    while runs < WARM_UP_RUNS && began.elapsed() < WARM_UP_MAX {
        work();
        runs += 1;
    }
    let batch = if began.elapsed() / runs < QUICK { BATCH } else { 1 };
    let mut pace = Pace::default();
    let began = Instant::now();
    while pace.count() < SAMPLES_MAX && began.elapsed() < SAMPLING_MAX {
        let began = Instant::now();
        (0..batch).for_each(|_| work());
        // A Duration counts whole nanoseconds, which is fine enough here.
        pace.add(began.elapsed() / batch);
    }
    pace
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
        assert_eq!((pace.median_micros(), pace.mean_micros()), (0.0, 0.0));
        (1..=100).rev().for_each(|millis| pace.add(Duration::from_millis(millis)));
        assert_eq!(pace.median_micros(), 50_000.0);
        assert_eq!(pace.micros_at(0.99), 99_000.0);
        assert_eq!(pace.micros_at(1.0), 100_000.0);
        assert_eq!(pace.mean_micros(), 50_500.0);
    }
}
