//! What files of each kind hold.

use std::fmt::{self, Display, Formatter};

/// The arrays of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layout {
    /// Events in an NPZ file.
    NpzEvents,
    /// Images in an NPZ file.
    NpzImages,
    /// Events in an HDF5 file.
    Hdf5Events,
}

impl Display for Layout {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NpzEvents => {
                "Events need `times`, `units`, `offsets` and `labels`, and may have `population`"
            }
            Self::NpzImages => "Images need `images` and `labels`",
            Self::Hdf5Events => {
                "Events need `spikes/times`, `spikes/units` and `labels`, as the files of SHD and SSC have them"
            }
        })
    }
}
