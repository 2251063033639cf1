//! The settings of augmentation.

use thiserror::Error;

use crate::dataset::error::DatasetError;

/// The largest number of control points a side.
pub const MOST_POINTS: usize = 64;
/// The largest allowed displacement of a pixel, in pixels.
pub const FARTHEST: f64 = 65_536.0;

/// Why images cannot be augmented.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum AugmentError {
    /// A setting is negative, not finite, or too large.
    #[error("augmentation: {name} is {value} {unit}, but it must be a number from 0 to {most}")]
    Amount {
        /// Name of the setting.
        name: &'static str,
        /// The value that was given.
        value: f64,
        /// The unit of the setting.
        unit: &'static str,
        /// The largest allowed value.
        most: f64,
    },
    /// The relative change of size is not at least 0 and below 1.
    #[error(
        "augmentation: scale is {scale}, but it must be at least 0 and below 1; 0.1 scales by 0.9 to 1.1"
    )]
    Scale {
        /// The value that was given.
        scale: f64,
    },
    /// There are too few or too many control points.
    #[error(
        "augmentation: elastic.points is {points}, but it must be from 2 to {MOST_POINTS} control points a side"
    )]
    Points {
        /// The number that was given.
        points: usize,
    },
    /// The samples are events.
    #[error("data set {name:?} has events; only images can be augmented")]
    NotImages {
        /// Name of the data set.
        name: String,
    },
    /// An index names a sample that the data set does not have, or there is no index.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// The ranges of random changes to images; the default changes nothing.
///
/// An image is mirrored, rotated about its centre, scaled about its centre and shifted, in this order, and the result
/// is distorted. A pixel of the result is the bilinear interpolation of the four pixels around its source; pixels
/// outside the image are 0. All channels of a sample change in the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Random elastic distortion, if any.
    pub elastic: Option<Elastic>,
    /// The largest shift along each axis, in pixels; drawn uniformly, fractions of a pixel included.
    pub shift: f64,
    /// The largest rotation in either direction, in degrees, at most 180; drawn uniformly.
    pub rotation: f64,
    /// The largest relative change of size, below 1; the factor is drawn uniformly from `1 - scale` to `1 + scale`.
    pub scale: f64,
    /// Whether an image is mirrored left to right with probability 1/2.
    pub flip: bool,
}

/// Elastic distortion: the control points of a grid over the image are displaced at random, and the displacements
/// between them are interpolated. The outermost control points are at the corners and edges of the image.
///
/// The interpolation is a Catmull-Rom spline along each axis, extrapolated linearly beyond the outermost points. With
/// two points a side it is bilinear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    /// Control points a side, from 2 to [`MOST_POINTS`].
    pub points: usize,
    /// Standard deviation of each control point's displacement along each axis, in pixels.
    pub sigma: f64,
}

impl Augmentation {
    /// Checks every setting.
    ///
    /// # Errors
    /// If a setting is negative, not finite or too large, or an elastic grid has too few or too many points.
    pub fn check(&self) -> Result<(), AugmentError> {
        amount("shift", self.shift, "pixels", FARTHEST)?;
        amount("rotation", self.rotation, "degrees", 180.0)?;
        if !(0.0..1.0).contains(&self.scale) {
            return Err(AugmentError::Scale { scale: self.scale });
        }
        let Some(Elastic { points, sigma }) = self.elastic else {
            return Ok(());
        };
        if !(2..=MOST_POINTS).contains(&points) {
            return Err(AugmentError::Points { points });
        }
        amount("elastic.sigma", sigma, "pixels", FARTHEST)
    }

    /// Whether no image is ever changed.
    pub fn is_none(&self) -> bool {
        let bends = self.elastic.is_some_and(|elastic| elastic.sigma != 0.0);
        let moves = self.shift != 0.0 || self.rotation != 0.0 || self.scale != 0.0;
        !bends && !moves && !self.flip
    }
}

fn amount(
    name: &'static str,
    value: f64,
    unit: &'static str,
    most: f64,
) -> Result<(), AugmentError> {
    if (0.0..=most).contains(&value) {
        return Ok(());
    }
    Err(AugmentError::Amount {
        name,
        value,
        unit,
        most,
    })
}
