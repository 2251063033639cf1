//! The random warp of one sample: the source of each pixel, and bilinear interpolation there.

use noctule_core::Shape;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::augment::settings::{Augmentation, Elastic};
use crate::augment::spline::Spline;

/// An intensity as it is stored.
pub(super) trait Pixel: Copy + Send + Sync {
    /// The stored number.
    fn to_number(self) -> f32;
    /// The stored intensity that is nearest to a number.
    fn from_number(number: f32) -> Self;
}

impl Pixel for u8 {
    fn to_number(self) -> f32 {
        self.into()
    }

    fn from_number(number: f32) -> Self {
        (number + 0.5) as u8
    }
}

impl Pixel for f32 {
    fn to_number(self) -> f32 {
        self
    }

    fn from_number(number: f32) -> Self {
        // Rounding may leave the mean just outside the range.
        number.clamp(0.0, 1.0)
    }
}

/// The affine part of a warp: output pixel `(x, y)` comes from `across x + down y + origin`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Affine {
    /// Displacement of the source from one column to the next, `[x, y]`.
    across: [f32; 2],
    /// Displacement of the source from one row to the next, `[x, y]`.
    down: [f32; 2],
    /// The source of the first pixel, `[x, y]`.
    origin: [f32; 2],
}

impl Affine {
    /// Mirrors, rotates by `angle` radians, scales by `factor`, then shifts by `[x, y]` pixels.
    fn new(shape: Shape, flip: bool, angle: f64, factor: f64, shift: [f64; 2]) -> Self {
        let (sine, cosine) = libm::sincos(angle);
        let mirror = if flip { -1.0 } else { 1.0 };
        // The inverse map, from an output pixel to its source.
        let across = [mirror * cosine / factor, -sine / factor];
        let down = [mirror * sine / factor, cosine / factor];
        let centre = [shape.width, shape.height].map(|size| (size as f64 - 1.0) / 2.0);
        let start = [-centre[0] - shift[0], -centre[1] - shift[1]];
        let origin = [0, 1]
            .map(|axis| across[axis] * start[0] + down[axis] * start[1] + centre[axis])
            .map(|value| value as f32);
        Self {
            across: across.map(|value| value as f32),
            down: down.map(|value| value as f32),
            origin,
        }
    }
}

/// Draws warps and applies them, in memory that is reused for all samples.
pub(super) struct Warper {
    shape: Shape,
    affine: Affine,
    /// Whether the control points are displaced.
    bends: bool,
    /// Displacements of the control points along x and along y; shape `[points, points]`.
    controls: [Vec<f32>; 2],
    /// Weights of the control points along x and along y.
    splines: [Spline; 2],
    /// Displacements of the columns of control points at one row of pixels, along x and along y.
    columns: [Vec<f32>; 2],
    /// Sources of the pixels of one output row, along x and along y.
    sources: [Vec<f32>; 2],
    /// The input, padded with one row and column of zeros before it and two after it.
    padded: Vec<f32>,
}

impl Default for Warper {
    fn default() -> Self {
        let shape = Shape {
            height: 0,
            width: 0,
            channels: 0,
        };
        Self {
            shape,
            affine: Affine::new(shape, false, 0.0, 1.0, [0.0; 2]),
            bends: false,
            controls: Default::default(),
            splines: Default::default(),
            columns: Default::default(),
            sources: Default::default(),
            padded: Vec::new(),
        }
    }
}

impl Warper {
    /// Draws the warp of one sample from the random stream with this key.
    pub(super) fn draw(&mut self, augmentation: &Augmentation, shape: Shape, key: [u8; 32]) {
        let mut random = ChaCha8Rng::from_seed(key);
        // All numbers are drawn, used or not, so that one setting does not change the effect of another.
        let flip = random.random::<bool>() && augmentation.flip;
        let mut within = |most: f64| most * (2.0 * random.random::<f64>() - 1.0);
        let angle = within(augmentation.rotation).to_radians();
        let factor = 1.0 + within(augmentation.scale);
        let shift = [within(augmentation.shift), within(augmentation.shift)];
        self.prepare(shape, Affine::new(shape, flip, angle, factor, shift));
        self.bends = false;
        let elastic = augmentation.elastic.filter(|elastic| elastic.sigma > 0.0);
        if let Some(Elastic { points, sigma }) = elastic {
            self.bend(points, || {
                random.sample::<f32, _>(StandardNormal) * sigma as f32
            });
        }
    }

    fn prepare(&mut self, shape: Shape, affine: Affine) {
        self.affine = affine;
        if self.shape != shape {
            self.shape = shape;
            self.padded.clear();
            let padded = (shape.height + 3) * (shape.width + 3) * shape.channels;
            self.padded.resize(padded, 0.0);
            for line in &mut self.sources {
                line.resize(shape.width, 0.0);
            }
        }
    }

    fn bend(&mut self, points: usize, mut displacement: impl FnMut() -> f32) {
        self.bends = true;
        for controls in &mut self.controls {
            controls.clear();
            controls.extend((0..points * points).map(|_| displacement()));
        }
        let sizes = [self.shape.width, self.shape.height];
        for (spline, size) in self.splines.iter_mut().zip(sizes) {
            spline.prepare(points, size);
        }
    }

    /// Applies the warp: both slices have shape `[height, width, channels]`.
    pub(super) fn warp<T: Pixel>(&mut self, from: &[T], to: &mut [T]) {
        self.load(from);
        let row = self.shape.width * self.shape.channels;
        for (y, to) in to.chunks_exact_mut(row).enumerate() {
            self.locate(y);
            match self.shape.channels {
                // With a constant the compiler unrolls the loop over channels.
                1 => self.mix(1, to),
                channels => self.mix(channels, to),
            }
        }
    }

    fn load<T: Pixel>(&mut self, from: &[T]) {
        let Shape {
            width, channels, ..
        } = self.shape;
        let rows = self.padded.chunks_exact_mut((width + 3) * channels).skip(1);
        for (padded, row) in rows.zip(from.chunks_exact(width * channels)) {
            for (padded, pixel) in padded[channels..].iter_mut().zip(row) {
                *padded = pixel.to_number();
            }
        }
    }

    /// Computes the sources of the pixels of output row `y`, in coordinates of the padded input and clamped to it.
    fn locate(&mut self, y: usize) {
        let Affine {
            across,
            down,
            origin,
        } = self.affine;
        let sizes = [self.shape.width, self.shape.height];
        for axis in [0, 1] {
            let line = &mut self.sources[axis];
            let start = origin[axis] + down[axis] * y as f32 + 1.0;
            for (x, source) in line.iter_mut().enumerate() {
                *source = start + across[axis] * x as f32;
            }
            if self.bends {
                let columns = &mut self.columns[axis];
                blend_rows(&self.splines[1], &self.controls[axis], y, columns);
                self.splines[0].add(columns, line);
            }
            let last = (sizes[axis] + 1) as f32;
            for source in line {
                *source = source.clamp(0.0, last);
            }
        }
    }

    /// Writes the pixels of one output row by bilinear interpolation at their sources.
    #[inline(always)]
    fn mix<T: Pixel>(&self, channels: usize, to: &mut [T]) {
        let stride = (self.shape.width + 3) * channels;
        let [xs, ys] = &self.sources;
        for ((to, &x), &y) in to.chunks_exact_mut(channels).zip(xs).zip(ys) {
            // Through i32, because that conversion is a single instruction.
            let (column, row) = (x as i32 as usize, y as i32 as usize);
            let (right, below) = (x - column as f32, y - row as f32);
            let corner = row * stride + column * channels;
            let upper = &self.padded[corner..][..2 * channels];
            let lower = &self.padded[corner + stride..][..2 * channels];
            for (channel, to) in to.iter_mut().enumerate() {
                let mean = |pair: &[f32]| {
                    let left = pair[channel];
                    left + right * (pair[channel + channels] - left)
                };
                let (upper, lower) = (mean(upper), mean(lower));
                *to = T::from_number(upper + below * (lower - upper));
            }
        }
    }
}

/// The displacements of the columns of control points at row `y`: the weighted sum of the rows of `controls`.
fn blend_rows(spline: &Spline, controls: &[f32], y: usize, columns: &mut Vec<f32>) {
    let points = spline.points();
    columns.clear();
    columns.resize(points, 0.0);
    for (point, weight) in spline.at(y) {
        let row = &controls[point * points..][..points];
        for (column, displacement) in columns.iter_mut().zip(row) {
            *column += weight * displacement;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        height: 3,
        width: 4,
        channels: 1,
    };
    const IMAGE: [u8; 12] = [1, 2, 3, 4, 50, 60, 70, 80, 201, 202, 203, 204];

    fn warped(shape: Shape, image: &[u8], affine: Affine) -> Vec<u8> {
        let mut warper = Warper::default();
        warper.prepare(shape, affine);
        let mut out = vec![0; image.len()];
        warper.warp(image, &mut out);
        out
    }

    #[test]
    fn whole_pixels_shift_exactly_and_leave_black_behind() {
        let shift = |shift| warped(SHAPE, &IMAGE, Affine::new(SHAPE, false, 0.0, 1.0, shift));
        assert_eq!(shift([0.0, 0.0]), IMAGE);
        assert_eq!(
            shift([1.0, 0.0]),
            [0, 1, 2, 3, 0, 50, 60, 70, 0, 201, 202, 203]
        );
        assert_eq!(shift([-2.0, 1.0]), [0, 0, 0, 0, 3, 4, 0, 0, 70, 80, 0, 0]);
        assert_eq!(shift([0.0, -9.0]), [0; 12]);
        assert_eq!(shift([0.5, 0.0])[..4], [1, 2, 3, 4], "halves round up");
    }

    #[test]
    fn quarter_turns_go_clockwise_after_the_mirror() {
        let shape = Shape {
            height: 2,
            width: 2,
            channels: 1,
        };
        let turn = |flip, quarters| {
            let angle = std::f64::consts::FRAC_PI_2 * f64::from(quarters);
            warped(
                shape,
                &[1, 2, 3, 4],
                Affine::new(shape, flip, angle, 1.0, [0.0; 2]),
            )
        };
        assert_eq!(turn(false, 1), [3, 1, 4, 2]);
        assert_eq!(turn(false, -1), [2, 4, 1, 3]);
        assert_eq!(turn(true, 0), [2, 1, 4, 3]);
        assert_eq!(turn(true, 1), [4, 2, 3, 1]);
    }

    #[test]
    fn a_factor_of_two_doubles_the_distance_from_the_centre() {
        let shape = Shape {
            height: 1,
            width: 5,
            channels: 1,
        };
        let affine = Affine::new(shape, false, 0.0, 2.0, [0.0; 2]);
        assert_eq!(
            warped(shape, &[0, 80, 100, 60, 0], affine),
            [80, 90, 100, 80, 60]
        );
    }

    #[test]
    fn displaced_control_points_bring_pixels_from_there() {
        let mut warper = Warper::default();
        warper.prepare(SHAPE, Affine::new(SHAPE, false, 0.0, 1.0, [0.0; 2]));
        let mut displacements = [[1.0; 4], [0.0; 4]].concat().into_iter();
        warper.bend(2, || displacements.next().unwrap_or(0.0));
        let mut out = vec![0; 12];
        warper.warp(&IMAGE, &mut out);
        assert_eq!(out, [2, 3, 4, 0, 60, 70, 80, 0, 202, 203, 204, 0]);
    }
}
