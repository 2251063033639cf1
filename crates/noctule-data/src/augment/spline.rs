//! Weights of control points on a line: a Catmull-Rom spline, extrapolated linearly beyond its ends.

use std::ops::Range;

/// The weight of each control point of one axis at each pixel.
#[derive(Default)]
pub(super) struct Spline {
    /// Pixels on the axis.
    size: usize,
    /// For every control point, the pixels where its weight is not 0.
    reach: Vec<Range<usize>>,
    /// Shape `[points, size]`.
    weights: Vec<f32>,
}

impl Spline {
    /// Computes the weights of `points` control points, at least 2, spread over `size` pixels from the first to the
    /// last. Does nothing if these are the weights already.
    pub(super) fn prepare(&mut self, points: usize, size: usize) {
        if self.reach.len() == points && self.size == size {
            return;
        }
        self.size = size;
        self.weights.clear();
        self.weights.resize(points * size, 0.0);
        for pixel in 0..size {
            let mut add = |point: usize, weight: f64| {
                self.weights[point * size + pixel] += weight as f32;
            };
            contributions(points, size, pixel, &mut add);
        }
        self.reach.clear();
        let rows = self.weights.chunks_exact(size);
        self.reach.extend(rows.map(|row| {
            let first = row.iter().position(|&weight| weight != 0.0).unwrap_or(0);
            let last = row.iter().rposition(|&weight| weight != 0.0);
            first..last.map_or(first, |last| last + 1)
        }));
    }

    /// Number of control points.
    pub(super) fn points(&self) -> usize {
        self.reach.len()
    }

    /// The control points with a weight at a pixel, and these weights.
    pub(super) fn at(&self, pixel: usize) -> impl Iterator<Item = (usize, f32)> {
        let reaching = self.reach.iter().enumerate();
        reaching
            .filter(move |(_, reach)| reach.contains(&pixel))
            .map(move |(point, _)| (point, self.weights[point * self.size + pixel]))
    }

    /// Adds to every pixel of `line` the weighted displacements of the control points.
    pub(super) fn add(&self, displacements: &[f32], line: &mut [f32]) {
        let points = displacements.iter().zip(&self.reach);
        for (row, (&displacement, reach)) in self.weights.chunks_exact(self.size).zip(points) {
            let pixels = line[reach.clone()].iter_mut().zip(&row[reach.clone()]);
            for (pixel, &weight) in pixels {
                *pixel += displacement * weight;
            }
        }
    }
}

/// Calls `add` with the weight of each of the four control points around a pixel.
fn contributions(points: usize, size: usize, pixel: usize, add: &mut impl FnMut(usize, f64)) {
    let cells = points - 1;
    let place = pixel as f64 / (size.max(2) - 1) as f64 * cells as f64;
    let cell = (place as usize).min(cells - 1);
    let t = place - cell as f64;
    let (t2, t3) = (t * t, t * t * t);
    let before = 0.5 * (2.0 * t2 - t - t3);
    let after = 0.5 * (t3 - t2);
    add(cell, 0.5 * (2.0 - 5.0 * t2 + 3.0 * t3));
    add(cell + 1, 0.5 * (t + 4.0 * t2 - 3.0 * t3));
    // A point beyond an end is extrapolated linearly from the two points at that end.
    if cell == 0 {
        add(0, 2.0 * before);
        add(1, -before);
    } else {
        add(cell - 1, before);
    }
    if cell + 2 == points {
        add(cells, 2.0 * after);
        add(cells - 1, -after);
    } else {
        add(cell + 2, after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: usize, size: usize, displacements: &[f32]) -> Vec<f32> {
        let mut spline = Spline::default();
        spline.prepare(points, size);
        let mut line = vec![0.0; size];
        spline.add(displacements, &mut line);
        line
    }

    #[test]
    fn two_points_make_a_straight_line() {
        let found = line(2, 5, &[1.0, 3.0]);
        for (found, expected) in found.iter().zip([1.0, 1.5, 2.0, 2.5, 3.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn many_points_are_met_and_a_straight_line_stays_straight() {
        let met = line(4, 10, &[1.0, -2.0, 0.5, 3.0]);
        for (pixel, expected) in [(0, 1.0), (3, -2.0), (6, 0.5), (9, 3.0)] {
            assert!((met[pixel] - expected).abs() < 1e-6, "{met:?}");
        }
        let straight = line(5, 28, &[0.0, 1.0, 2.0, 3.0, 4.0]);
        for (pixel, found) in straight.iter().enumerate() {
            assert!(
                (found - pixel as f32 * 4.0 / 27.0).abs() < 1e-5,
                "{straight:?}"
            );
        }
    }

    #[test]
    fn a_single_pixel_follows_the_first_point() {
        assert_eq!(line(3, 1, &[7.0, 1.0, 2.0]), [7.0]);
    }
}
