//! Optimisers on the CPU engine, with gradients of the tests' own.

use noctule_core::{
    Adam, AdamW, Engine, LifParameters, NAdam, Network, Optimiser, Session, SessionOptions, Sgd,
    SpikingLayer, Tensor, TensorGroup, TensorName, Tensors,
};

pub const RATE: f64 = 0.01;
pub const DECAY: f64 = 0.05;

pub fn sgd(momentum: f64, nesterov: bool) -> Optimiser {
    Optimiser::Sgd(Sgd {
        learning_rate: RATE,
        momentum,
        nesterov,
        weight_decay: DECAY,
    })
}

pub fn adam() -> Optimiser {
    Optimiser::Adam(Adam {
        weight_decay: DECAY,
        ..Adam::default()
    })
}

pub fn adamw() -> Optimiser {
    Optimiser::AdamW(AdamW {
        weight_decay: DECAY,
        ..AdamW::default()
    })
}

pub fn nadam() -> Optimiser {
    Optimiser::NAdam(NAdam {
        weight_decay: DECAY,
        ..NAdam::default()
    })
}

pub fn all() -> Vec<Optimiser> {
    vec![
        sgd(0.0, false),
        sgd(0.9, false),
        sgd(0.9, true),
        adam(),
        adamw(),
        nadam(),
    ]
}

/// A gradient that depends on step and position, with zeros and very different sizes in it.
pub fn gradient_at(step: usize, position: usize) -> f32 {
    let phase = (step * 7 + position * 13) % 11;
    let size = [1.0, 1e-3, 30.0][position % 3];
    (phase as f32 - 5.0) / 5.0 * size
}

pub fn start(position: usize) -> f32 {
    (position % 17) as f32 / 8.0 - 1.0
}

/// A session with a layer for each shape `[outputs, inputs]`, whose weights are at their [`start`]. It is never run.
pub fn open(
    engine: &dyn Engine<f32>,
    optimiser: &Optimiser,
    shapes: &[[usize; 2]],
) -> Box<dyn Session<f32>> {
    let neuron = LifParameters {
        tau_m: 2.0,
        tau_s: 1.0,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 1,
        t_max: 1.0,
    };
    let mut network = Network::new(shapes[0][1]).unwrap();
    for shape in shapes {
        let weights = (0..shape[0] * shape[1]).map(start).collect();
        let weights = Tensor::new(shape, weights).unwrap();
        network = network
            .layer(SpikingLayer::dense(neuron, weights).unwrap())
            .unwrap();
    }
    let options = SessionOptions {
        optimiser: optimiser.clone(),
        ..SessionOptions::default()
    };
    engine.open(&network, &options).unwrap()
}

/// Takes steps from where the session stands.
pub fn walk(session: &mut dyn Session<f32>, steps: impl IntoIterator<Item = usize>) {
    for step in steps {
        let mut gradient = session.read(TensorGroup::Gradient).unwrap();
        for (position, value) in gradient.values_mut().flat_map(indexed) {
            assert_eq!(*value, 0.0, "each step must clear the gradient");
            *value = gradient_at(step, position);
        }
        session.write(TensorGroup::Gradient, &gradient).unwrap();
        session.step(RATE, None).unwrap();
    }
}

fn indexed(tensor: &mut Tensor<f32>) -> impl Iterator<Item = (usize, &mut f32)> {
    tensor.as_mut_slice().iter_mut().enumerate()
}

/// The weights of all layers, in their order.
pub fn weights(session: &mut dyn Session<f32>) -> Vec<Vec<f32>> {
    let tensors = session.read(TensorGroup::Parameters).unwrap();
    tensors.into_values().map(Tensor::into_values).collect()
}

/// A tensor for the only layer.
pub fn only(shape: [usize; 2], values: &[f32]) -> Tensors<f32> {
    let tensor = Tensor::new(&shape, values.to_vec()).unwrap();
    [(TensorName::weights(0), tensor)].into()
}
