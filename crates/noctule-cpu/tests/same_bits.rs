//! Spikes and gradients are the same bits on all machines that round alike, as they were found on x86-64 with AVX-512, AVX2 and
//! neither, and on AArch64.
//!
//! A change of the arithmetic changes them. Then the new ones belong here, if the change was meant.

use noctule_core::{Initialiser, LifParameters, Model, Network, Sgd, Shape, SpikeBatch, Window};
use noctule_cpu::{CpuEngine, is_fused};

/// `tau_m/tau_s`, and the hashes: where products and sums are fused, and where not.
const EXPECTED: [(f64, [u64; 2]); 3] = [
    (2.0, [0x53f9_d616_88dd_6f41, 0xb73f_bdd3_e29b_c571]),
    (1.0, [0x8e5b_4893_d37e_674e, 0xb4c1_cf65_f7d3_7686]),
    (3.0, [0xfa9c_72bf_3c13_75e4, 0x1bcf_214e_68cb_c75d]),
];

const IMAGE: Shape = Shape {
    height: 12,
    width: 12,
    channels: 1,
};

/// FNV-1a, which needs no crate.
struct Hash(u64);

impl Hash {
    fn add(&mut self, values: &[f32]) {
        for byte in values.iter().flat_map(|value| value.to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// A convolution with several places, pooling, a wide layer and a small one.
fn network(ratio: f64) -> Network<f32> {
    let neuron = |theta| LifParameters {
        tau_m: 0.13 * ratio,
        tau_s: 0.13,
        theta,
        reset: theta,
        max_spikes: 6,
        t_max: 0.3,
    };
    let uniform = |high| Initialiser::uniform(-0.5 * high, high).unwrap();
    Network::image(IMAGE)
        .unwrap()
        .conv2d(20, Window::square(3), &neuron(0.1), uniform(1.0), 1)
        .unwrap()
        .sum_pool2d(2)
        .unwrap()
        .dense(150, &neuron(0.3), uniform(0.2), 2)
        .unwrap()
        .dense(4, &neuron(0.2), uniform(0.3), 3)
        .unwrap()
}

fn input() -> SpikeBatch<f32> {
    let mut input = SpikeBatch::new(IMAGE.neurons());
    for sample in 0..12 {
        let event = |i: usize| (0.002 * i as f32, ((31 * i + 17 * sample) % 144) as u32);
        input.push_sample((0..60).map(event)).unwrap();
    }
    input
}

fn hash(engine: &CpuEngine, ratio: f64) -> u64 {
    let network = network(ratio);
    let mut model = Model::new(engine, &network, Sgd::default()).unwrap();
    let output = model.forward(&input()).unwrap();
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    for layer in 0..network.layers().len() {
        let events = model.spikes(layer).unwrap();
        assert!(events.spikes() > 24, "a layer hardly spikes");
        hash.add(events.times());
    }
    let errors = (0..output.spikes()).map(|event| (event % 7) as f32 - 3.0);
    let gradients = model.backward(&errors.collect::<Vec<_>>()).unwrap();
    for weights in gradients.tensors.values() {
        hash.add(weights.as_slice());
    }
    hash.add(&gradients.input_times);
    hash.0
}

#[test]
fn spikes_and_gradients_are_the_same_everywhere() {
    let which = usize::from(!is_fused());
    let engine = CpuEngine::new(3).unwrap();
    let found = EXPECTED.map(|(ratio, _)| hash(&engine, ratio));
    let expected = EXPECTED.map(|(_, hashes)| hashes[which]);
    assert!(found == expected, "{found:#x?} instead of {expected:#x?}");
}
