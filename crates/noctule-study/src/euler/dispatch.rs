//! [`StepReal`]: a layer in steps by the widest vector instructions of the processor.

use noctule_core::Real;
use pulp::{Arch, Simd, WithSimd};

use super::events::StepEvent;
use super::state::LayerRun;

/// A number type whose networks can be simulated in steps: [`f32`] and [`f64`].
pub trait StepReal: Real {
    /// Simulates a layer in one sample.
    #[doc(hidden)]
    fn run_layer(run: LayerRun<'_, Self>) -> Vec<StepEvent>;
}

macro_rules! number {
    ($number:ty) => {
        impl WithSimd for LayerRun<'_, $number> {
            type Output = Vec<StepEvent>;

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
                self.simulate(simd)
            }
        }

        impl StepReal for $number {
            fn run_layer(run: LayerRun<'_, Self>) -> Vec<StepEvent> {
                Arch::new().dispatch(run)
            }
        }
    };
}

number!(f32);
number!(f64);
