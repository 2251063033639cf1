//! [`OptimiserStep`]: the scalars of an optimiser's step. Engines apply them to every parameter.
//!
//! All scalars are computed in double precision, so every engine takes the same step. They are rounded to the engine's
//! number type once, by `rounded`.

use crate::optimiser::{NAdam, Optimiser, OptimiserProgress, Sgd};
use crate::real::Real;

/// The scalars of one step, computed by [`Optimiser::step`].
///
/// A step changes each parameter `p`, given its gradient and its state: the tensors that
/// [`Optimiser::state_names`] names. Afterwards the gradient is zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimiserStep {
    /// Plain gradient descent, without state: `p` becomes `p - learning_rate (gradient + decay p)`.
    Descent {
        /// The learning rate.
        learning_rate: f64,
        /// The pull towards zero.
        decay: f64,
    },
    /// Gradient descent with momentum.
    Momentum(MomentumStep),
    /// Adam, AdamW or NAdam.
    Moments(MomentStep),
}

impl OptimiserStep {
    /// The magnitude below which a step sets the buffer of [`MomentumStep`], or the mean `m` of [`MomentStep`], to zero.
    ///
    /// The means of weights that rarely receive a gradient would otherwise decay to subnormal numbers, which slow each
    /// step down many times. A step this small changes no weight. The mean of squares `v` becomes zero below the
    /// smallest positive normal number.
    pub const NEGLIGIBLE: f64 = 1e-30;
}

/// The scalars of one step of gradient descent with momentum.
///
/// With `g = gradient + decay p`, the buffer `b` becomes `momentum b + g`, and then `p` becomes
/// `p - (gradient_step g + momentum_step b)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentumStep<T = f64> {
    /// The pull towards zero that is added to the gradient.
    pub decay: T,
    /// The fraction of the buffer that is kept.
    pub momentum: T,
    /// The factor of `g`: the learning rate with Nesterov momentum, otherwise 0.
    pub gradient_step: T,
    /// The factor of `b`: the learning rate, times the momentum with Nesterov momentum.
    pub momentum_step: T,
}

impl MomentumStep {
    /// The same scalars, each rounded to the nearest value of `T`.
    pub fn rounded<T: Real>(&self) -> MomentumStep<T> {
        MomentumStep {
            decay: T::of(self.decay),
            momentum: T::of(self.momentum),
            gradient_step: T::of(self.gradient_step),
            momentum_step: T::of(self.momentum_step),
        }
    }
}

/// The scalars of one step of Adam, AdamW or NAdam, with both bias corrections folded in.
///
/// With `g = gradient + decay p`, the mean `m` becomes `m + first_blend (g - m)`, the mean of squares `v` becomes
/// `second_keep v + second_blend g^2`, and then `p` becomes
/// `keep p - (gradient_step g + moment_step m) / (sqrt(v) root_scale + epsilon)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentStep<T = f64> {
    /// The fraction of the parameter that is kept: below 1 only with AdamW's decoupled weight decay.
    pub keep: T,
    /// The pull towards zero that is added to the gradient.
    pub decay: T,
    /// How far the mean moves towards the gradient.
    pub first_blend: T,
    /// The fraction of the mean of squares that is kept.
    pub second_keep: T,
    /// The factor of the squared gradient in the mean of squares.
    pub second_blend: T,
    /// The bias correction of the root of the mean of squares.
    pub root_scale: T,
    /// Added to the corrected root.
    pub epsilon: T,
    /// The factor of the gradient: not 0 only with NAdam.
    pub gradient_step: T,
    /// The factor of the mean.
    pub moment_step: T,
}

impl MomentStep {
    /// The same scalars, each rounded to the nearest value of `T`.
    pub fn rounded<T: Real>(&self) -> MomentStep<T> {
        MomentStep {
            keep: T::of(self.keep),
            decay: T::of(self.decay),
            first_blend: T::of(self.first_blend),
            second_keep: T::of(self.second_keep),
            second_blend: T::of(self.second_blend),
            root_scale: T::of(self.root_scale),
            epsilon: T::of(self.epsilon),
            gradient_step: T::of(self.gradient_step),
            moment_step: T::of(self.moment_step),
        }
    }
}

impl Optimiser {
    /// Counts a step in `progress`, and returns the scalars of that step.
    ///
    /// `progress` must be that of this rule. `learning_rate` is the schedule's, not the configuration's; the scalars
    /// contain it in the precision that it is given in.
    ///
    /// ```
    /// use noctule_core::{Optimiser, OptimiserProgress, OptimiserStep, Sgd};
    ///
    /// let rule = Optimiser::from(Sgd::default());
    /// let mut progress = OptimiserProgress::new(&rule);
    /// let step = rule.step(&mut progress, 0.01);
    /// assert_eq!(step, OptimiserStep::Descent { learning_rate: 0.01, decay: 0.0 });
    /// assert_eq!(progress.steps, 1);
    /// ```
    pub fn step(&self, progress: &mut OptimiserProgress, learning_rate: f64) -> OptimiserStep {
        progress.steps += 1;
        let (steps, rate) = (progress.steps as f64, learning_rate);
        match self {
            Self::Sgd(sgd) if self.state_names().is_empty() => OptimiserStep::Descent {
                learning_rate,
                decay: sgd.weight_decay,
            },
            Self::Sgd(sgd) => OptimiserStep::Momentum(momentum_step(sgd, rate)),
            Self::Adam(adam) => OptimiserStep::Moments(MomentStep {
                decay: adam.weight_decay,
                ..adam_step(adam.betas, adam.epsilon, steps, rate)
            }),
            Self::AdamW(adamw) => OptimiserStep::Moments(MomentStep {
                keep: 1.0 - rate * adamw.weight_decay,
                ..adam_step(adamw.betas, adamw.epsilon, steps, rate)
            }),
            Self::NAdam(nadam) => {
                let product = &mut progress.momentum_product;
                OptimiserStep::Moments(nadam_step(nadam, steps, product, rate))
            }
        }
    }
}

fn momentum_step(sgd: &Sgd, rate: f64) -> MomentumStep {
    let (gradient_step, momentum_step) = if sgd.nesterov {
        (rate, rate * sgd.momentum)
    } else {
        (0.0, rate)
    };
    MomentumStep {
        decay: sgd.weight_decay,
        momentum: sgd.momentum,
        gradient_step,
        momentum_step,
    }
}

/// Adam's step with number `steps`, from 1, without weight decay.
fn adam_step(betas: [f64; 2], epsilon: f64, steps: f64, rate: f64) -> MomentStep {
    let first_correction = 1.0 - libm::pow(betas[0], steps);
    let second_correction = 1.0 - libm::pow(betas[1], steps);
    MomentStep {
        keep: 1.0,
        decay: 0.0,
        first_blend: 1.0 - betas[0],
        second_keep: betas[1],
        second_blend: 1.0 - betas[1],
        root_scale: 1.0 / second_correction.sqrt(),
        epsilon,
        gradient_step: 0.0,
        moment_step: rate / first_correction,
    }
}

/// NAdam's step with number `steps`, from 1. `product` is the product of the momenta of all earlier steps, and then also
/// of this one.
fn nadam_step(nadam: &NAdam, steps: f64, product: &mut f64, rate: f64) -> MomentStep {
    let momentum_at =
        |step: f64| nadam.betas[0] * (1.0 - 0.5 * libm::pow(0.96, step * nadam.momentum_decay));
    let (now, next) = (momentum_at(steps), momentum_at(steps + 1.0));
    *product *= now;
    MomentStep {
        decay: nadam.weight_decay,
        gradient_step: rate * (1.0 - now) / (1.0 - *product),
        moment_step: rate * next / (1.0 - *product * next),
        ..adam_step(nadam.betas, nadam.epsilon, steps, rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimiser::AdamW;

    fn first_step(rule: impl Into<Optimiser>) -> (OptimiserStep, OptimiserProgress) {
        let rule = rule.into();
        let mut progress = OptimiserProgress::new(&rule);
        (rule.step(&mut progress, 0.5), progress)
    }

    #[test]
    fn nesterov_momentum_also_follows_the_gradient() {
        let rule = |nesterov| Sgd {
            momentum: 0.5,
            nesterov,
            ..Sgd::default()
        };
        let steps = |nesterov| match first_step(rule(nesterov)).0 {
            OptimiserStep::Momentum(step) => (step.gradient_step, step.momentum_step),
            step => panic!("{step:?}"),
        };
        assert_eq!(steps(false), (0.0, 0.5));
        assert_eq!(steps(true), (0.5, 0.25));
    }

    #[test]
    fn adamw_scales_the_parameter() {
        let rule = AdamW {
            betas: [0.5, 0.75],
            weight_decay: 0.5,
            ..AdamW::default()
        };
        let (OptimiserStep::Moments(step), _) = first_step(rule) else {
            panic!("AdamW has moments");
        };
        assert_eq!((step.keep, step.decay), (0.75, 0.0));
        assert_eq!((step.moment_step, step.root_scale), (1.0, 2.0));
    }

    #[test]
    fn nadam_multiplies_its_momenta() {
        let rule = NAdam {
            betas: [0.5, 0.75],
            momentum_decay: 0.0,
            ..NAdam::default()
        };
        let (OptimiserStep::Moments(step), progress) = first_step(rule) else {
            panic!("NAdam has moments");
        };
        assert_eq!((progress.steps, progress.momentum_product), (1, 0.25));
        assert_eq!(step.gradient_step, 0.5);
        assert_eq!(step.moment_step, 0.5 * 0.25 / (1.0 - 0.0625));
    }
}
