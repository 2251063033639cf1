//! The Yin-Yang set: points in a yin-yang symbol, classified by region. It is small, not linearly separable, and
//! generated, so it needs no download.
//!
//! The symbol is a disk of radius 0.5 around (0.5, 0.5) with two dots of radius 0.1. For each
//! sample, the class is drawn first, then points until one lies in that class. So the classes are balanced on average.
//!
//! ```
//! use noctule_data::yinyang::{self, Region};
//!
//! assert_eq!(yinyang::classify(0.5, 0.9), Some(Region::Yin));
//! assert_eq!(yinyang::classify(0.75, 0.5), Some(Region::Dot));
//! assert_eq!(yinyang::classify(0.0, 0.0), None);
//! let points = yinyang::generate(100, 1)?;
//! assert_eq!(points.shape().neurons(), 4);
//! # Ok::<(), noctule_data::DatasetError>(())
//! ```

use noctule_core::{Label, Pixels, Shape};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::dataset::Dataset;
use crate::dataset::error::DatasetError;
use crate::registry::split::Split;

/// Radius of the disk, and both coordinates of its centre.
const BIG: f64 = 0.5;
/// Radius of a dot.
const SMALL: f64 = 0.1;

/// A region of the symbol; the discriminant is the label.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Region {
    /// The upper half, with the bulge on the left.
    Yin = 0,
    /// The lower half, with the bulge on the right.
    Yang = 1,
    /// The two dots.
    Dot = 2,
}

impl Region {
    /// All regions, by label.
    pub const ALL: [Self; 3] = [Self::Yin, Self::Yang, Self::Dot];

    /// The label in generated data sets.
    pub fn label(self) -> Label {
        self as Label
    }
}

/// The region of the point `(x, y)`, or `None` outside the disk. `y` points upwards.
pub fn classify(x: f64, y: f64) -> Option<Region> {
    let distance = |centre: f64| libm::hypot(x - centre, y - BIG);
    let inside = distance(BIG) <= BIG;
    if !inside {
        return None;
    }
    let (left, right) = (distance(0.5 * BIG), distance(1.5 * BIG));
    if left < SMALL || right < SMALL {
        return Some(Region::Dot);
    }
    let rim_of_right_dot = right <= SMALL;
    let left_bulge = left > SMALL && left <= 0.5 * BIG;
    let upper_half = y > BIG && right > 0.5 * BIG;
    if rim_of_right_dot || left_bulge || upper_half {
        Some(Region::Yin)
    } else {
        Some(Region::Yang)
    }
}

/// Draws `samples` points with the features `x, y, 1 - x, 1 - y`; the same seed always draws the same points.
///
/// # Errors
/// If `samples` is 0.
pub fn generate(samples: usize, seed: u64) -> Result<Dataset, DatasetError> {
    draw(samples, &mut ChaCha8Rng::seed_from_u64(seed))
}

/// Draws one part of the standard set: 5,000 training points, 1,000 validation points or 1,000 test points.
///
/// Each part has its own random stream of the seed, so the parts are independent of each other.
///
/// # Errors
/// None in practice; the signature is that of [`generate`].
pub fn standard(split: Split, seed: u64) -> Result<Dataset, DatasetError> {
    let (stream, samples) = match split {
        Split::Train => (1, 5_000),
        Split::Validation => (2, 1_000),
        Split::Test => (3, 1_000),
    };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    draw(samples, &mut random)
}

fn draw(samples: usize, random: &mut ChaCha8Rng) -> Result<Dataset, DatasetError> {
    let mut features = Vec::with_capacity(4 * samples);
    let mut labels = Vec::with_capacity(samples);
    for _ in 0..samples {
        let goal = Region::ALL[random.random_range(0..Region::ALL.len())];
        let (x, y) = draw_point(goal, random);
        features.extend([x, y, 1.0 - x, 1.0 - y]);
        labels.push(goal.label());
    }
    let shape = Shape {
        height: 1,
        width: 4,
        channels: 1,
    };
    let classes = Region::ALL.len();
    let inputs = Pixels::Floats(features.into());
    Dataset::new("yin-yang", shape, classes, inputs, labels)
}

/// Draws points until one lies in `goal`.
fn draw_point(goal: Region, random: &mut ChaCha8Rng) -> (f32, f32) {
    loop {
        // Drawn in f32, because the label must be right for the features as they are stored.
        let (x, y): (f32, f32) = (random.random(), random.random());
        if classify(x.into(), y.into()) == Some(goal) {
            return (x, y);
        }
    }
}
