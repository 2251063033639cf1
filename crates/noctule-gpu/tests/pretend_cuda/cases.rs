//! The cases: networks and calls that together launch every kernel, each in the variants that networks need.

use std::error::Error;

use noctule_core::{
    AdamW, CountSoftmax, EarlyPull, FirstSpike, Loss, NAdam, Optimiser, Pass, PassWeights,
    Prediction, SessionOptions, Sgd, SpikeTime,
};

use crate::batches::{Training, options, regularisation, spike_count};
use crate::networks::{
    self, convolutions, dense, of_800, strided_convolution, with_individual_thresholds,
};
use crate::record::Writer;

/// The dense network whose launches are counted.
pub const DENSE: &str = "784-800-10";
/// The convolutional network whose launches are counted.
pub const CONVOLUTION: &str = "15C5-P2-40C5-P2-300-10";

/// What a case has, or why it fails.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A network, and what is done with it.
pub struct Case {
    pub name: &'static str,
    pub run: fn(&Writer) -> Outcome<()>,
}

/// All cases. A kernel that two of them launch is noted in the first.
pub fn all() -> Vec<Case> {
    let case = |name, run| Case { name, run };
    vec![
        case(DENSE, |record| {
            Training::new(of_800(2.0)?, 50)?.count(record)
        }),
        case("784-800-10, tau_m = tau_s", |_| train(1.0)),
        case("784-800-10, tau_m = 3 tau_s", |_| train(3.0)),
        case("784-800-10 with dropout", |_| with_dropout()),
        case(CONVOLUTION, |record| {
            Training::new(convolutions(2.0)?, 20)?.count(record)
        }),
        case("15C5-P2-40C5-P2-300-10, tau_m = tau_s", |_| {
            train_convolutions(1.0)
        }),
        case("15C5-P2-40C5-P2-300-10, tau_m = 3 tau_s", |_| {
            train_convolutions(3.0)
        }),
        case("constants of single neurons", |_| individual_constants()),
        case("images", |_| images()),
        case("150C3 with stride and padding", |_| {
            Training::new(strided_convolution()?, 20)?.run().map(drop)
        }),
        case("20,000 neurons", |_| {
            Training::new(dense(&[10, 20_000, 10], 2.0, 0.0)?, 2)?
                .run()
                .map(drop)
        }),
        case("losses", |_| losses()),
        case("predictions", |_| predictions()),
        case("optimisers", |_| optimisers()),
        case("regularisation", |_| with_regularisation()),
        case("gradients of the input times", |_| input_times()),
        case("reads", |_| reads()),
        case("recorded spikes, 784-800-10", |_| {
            recorded(|ratio| Training::new(of_800(ratio)?, 10))
        }),
        case("recorded spikes, 15C5-P2-40C5-P2-300-10", |_| {
            recorded(|ratio| Training::new(convolutions(ratio)?, 10))
        }),
    ]
}

fn train(ratio: f64) -> Outcome<()> {
    Training::new(of_800(ratio)?, 50)?.run().map(drop)
}

fn train_convolutions(ratio: f64) -> Outcome<()> {
    Training::new(convolutions(ratio)?, 20)?.run().map(drop)
}

fn with_dropout() -> Outcome<()> {
    for ratio in [1.0, 2.0, 3.0] {
        Training::new(dense(&[784, 800, 10], ratio, 0.5)?, 50)?.run()?;
    }
    Ok(())
}

fn individual_constants() -> Outcome<()> {
    for network in [of_800(2.0)?, convolutions(2.0)?] {
        Training::new(with_individual_thresholds(network)?, 20)?.run()?;
    }
    Ok(())
}

fn images() -> Outcome<()> {
    let mut training = Training::new(dense(&[785, 800, 10], 2.0, 0.0)?, 50)?;
    training.samples = networks::images(50)?;
    training.run().map(drop)
}

fn losses() -> Outcome<()> {
    let mut training = Training::new(of_800(2.0)?, 50)?;
    let first_spike = FirstSpike {
        temperature: 0.005,
        silent_time: 0.2,
        early_pull: None,
    };
    let early_pull = Some(EarlyPull {
        strength: 0.1,
        time: 0.1,
    });
    let all: [Loss; 5] = [
        spike_count(),
        CountSoftmax { temperature: 1.0 }.into(),
        first_spike.into(),
        FirstSpike {
            early_pull,
            ..first_spike
        }
        .into(),
        SpikeTime {
            target_true: 0.05,
            target_false: 0.1,
            scale: 0.01,
            silent_time: 0.2,
        }
        .into(),
    ];
    for loss in all {
        training.loss = loss;
        training.batch()?;
    }
    training.finish().map(drop)
}

fn predictions() -> Outcome<()> {
    let mut training = Training::new(of_800(2.0)?, 50)?;
    for rule in [Prediction::MostSpikes, Prediction::FirstSpike] {
        training.session.load(&training.samples)?;
        training.session.forward(Pass::default())?;
        training.session.predict(rule)?;
        training.session.predictions()?;
    }
    training.finish().map(drop)
}

fn optimisers() -> Outcome<()> {
    let momentum = Sgd {
        momentum: 0.9,
        nesterov: true,
        ..Sgd::default()
    };
    let rules: [Optimiser; 5] = [
        Optimiser::default(),
        Sgd::default().into(),
        momentum.into(),
        AdamW::default().into(),
        NAdam::default().into(),
    ];
    for rule in rules {
        for weight_average in [0.0, 0.99] {
            let options = SessionOptions {
                weight_average,
                ..options(rule.clone())
            };
            let mut training = Training::with(of_800(2.0)?, 50, &options)?;
            training.batch()?;
            training.max_norm = Some(1.0);
            training.batch()?;
            training.pass.weights = PassWeights::Average;
            training.session.forward(training.pass)?;
            training.session.predict(Prediction::MostSpikes)?;
            training.finish()?;
        }
    }
    Ok(())
}

fn with_regularisation() -> Outcome<()> {
    for ratio in [1.0, 2.0, 3.0] {
        let mut training = Training::new(of_800(ratio)?, 50)?;
        training.regularisation = regularisation();
        training.run()?;
    }
    Ok(())
}

fn input_times() -> Outcome<()> {
    for ratio in [1.0, 2.0, 3.0] {
        for network in [of_800(ratio)?, convolutions(ratio)?] {
            let mut training = Training::new(network, 20)?;
            training.pass.input_gradients = true;
            training.batch()?;
            training.session.input_time_gradients()?;
            training.finish()?;
        }
    }
    Ok(())
}

fn reads() -> Outcome<()> {
    let mut training = Training::new(of_800(2.0)?, 50)?.run()?;
    let session = &mut training.session;
    session.gradient_norm()?;
    session.parameters_are_in_range()?;
    session.clear_gradient()?;
    training.finish().map(drop)
}

fn recorded(training: fn(f64) -> Outcome<Training>) -> Outcome<()> {
    for ratio in [1.0, 2.0, 3.0] {
        training(ratio)?.run_recorded()?;
    }
    Ok(())
}
