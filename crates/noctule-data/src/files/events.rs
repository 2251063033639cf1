//! Events of a file: times, units and the samples that they belong to, checked one by one.

use noctule_core::SpikeBatch;

use super::error::Problem;
use super::numbers::Numbers;

/// The largest population.
pub const MOST_UNITS: usize = 10_000_000;

/// How the events of a file are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventOptions {
    /// Seconds per unit of `times`; default 1.
    pub time_unit: f64,
    /// Number of units, which are the inputs of the network. By default what the file says, else its largest unit + 1.
    pub population: Option<usize>,
}

impl Default for EventOptions {
    fn default() -> Self {
        Self {
            time_unit: 1.0,
            population: None,
        }
    }
}

/// The events of all samples in a row, as a file has them.
pub(super) struct EventArrays {
    pub times: Numbers,
    pub units: Numbers,
    /// Where each sample starts, and where the last ends.
    pub offsets: Vec<usize>,
    /// What the file says about the number of units.
    pub population: Option<i128>,
}

/// The offsets of an array that says where each sample starts, and where the last ends, among this number of events.
pub(super) fn check_offsets(offsets: &Numbers, events: usize) -> Result<Vec<usize>, Problem> {
    let samples = offsets.len().saturating_sub(1);
    if samples == 0 {
        return Err(Problem::NoSamples);
    }
    let first = offsets.integer(0);
    if first != 0 {
        return Err(Problem::FirstOffset { value: first });
    }
    let mut checked = Vec::with_capacity(samples + 1);
    let mut start = 0;
    for sample in 0..=samples {
        let end = offsets.integer(sample);
        if end < start {
            let sample = sample.saturating_sub(1);
            return Err(Problem::FallingOffset { sample, start, end });
        }
        checked.push(end);
        start = end;
    }
    if start != events as i128 {
        return Err(Problem::LastOffset {
            sample: samples - 1,
            value: start,
            events,
        });
    }
    // None is beyond the number of events.
    Ok(checked.into_iter().map(|offset| offset as usize).collect())
}

impl EventArrays {
    /// Checks all events and puts them in a batch, with times in seconds.
    pub fn batch(&self, options: &EventOptions) -> Result<SpikeBatch<f32>, Problem> {
        let time_unit = options.time_unit;
        if !(time_unit.is_finite() && time_unit > 0.0) {
            return Err(Problem::TimeUnit { time_unit });
        }
        let mut batch = SpikeBatch::new(self.population(options)?);
        for (sample, range) in self.offsets.windows(2).enumerate() {
            let (start, end) = (range[0], range[1]);
            self.check_times(sample, start, end, time_unit)?;
            self.check_units(sample, start, end, batch.population())?;
            let event = |event| {
                (
                    self.seconds(event, time_unit),
                    self.units.integer(event) as u32,
                )
            };
            let pushed = batch.push_precise_sample((start..end).map(event));
            debug_assert!(pushed.is_ok(), "{pushed:?}");
        }
        Ok(batch)
    }

    fn seconds(&self, event: usize, time_unit: f64) -> f64 {
        self.times.float(event) * time_unit
    }

    /// What the options say, or the file, or the largest unit.
    fn population(&self, options: &EventOptions) -> Result<usize, Problem> {
        let most = MOST_UNITS;
        let given = options.population.map(|population| population as i128);
        let population = given.or(self.population).unwrap_or_else(|| {
            let units = (0..self.units.len()).map(|event| self.units.integer(event));
            // Of a file without a single event, or with negative units, which are refused one by one.
            units.max().unwrap_or(0).max(0) + 1
        });
        match usize::try_from(population) {
            Ok(population) if (1..=most).contains(&population) => Ok(population),
            _ => Err(Problem::Population { population, most }),
        }
    }

    fn check_times(
        &self,
        sample: usize,
        start: usize,
        end: usize,
        time_unit: f64,
    ) -> Result<(), Problem> {
        let mut previous = 0.0;
        for (event, index) in (start..end).enumerate() {
            let time = self.times.float(index);
            if !time.is_finite() {
                return Err(Problem::NotFinite {
                    sample,
                    event,
                    time,
                });
            }
            if time < 0.0 {
                return Err(Problem::NegativeTime {
                    sample,
                    event,
                    time,
                });
            }
            if time < previous {
                return Err(Problem::Unsorted {
                    sample,
                    event,
                    time,
                    previous,
                });
            }
            previous = time;
        }
        // The last is the latest.
        let seconds = previous * time_unit;
        if !(seconds as f32).is_finite() {
            return Err(Problem::LateTime {
                sample,
                event: (end - start).saturating_sub(1),
                time: previous,
                seconds,
            });
        }
        Ok(())
    }

    fn check_units(
        &self,
        sample: usize,
        start: usize,
        end: usize,
        population: usize,
    ) -> Result<(), Problem> {
        let exists = |unit: i128| (0..population as i128).contains(&unit);
        let missing = (start..end).find(|&index| !exists(self.units.integer(index)));
        missing.map_or(Ok(()), |index| {
            Err(Problem::Unit {
                sample,
                event: index - start,
                unit: self.units.integer(index),
                population,
            })
        })
    }
}
