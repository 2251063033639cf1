//! Spikes and gradients are the same bits on all machines that round alike, as they were found on x86-64 with AVX-512, AVX2 and
//! neither, and on AArch64.
//!
//! A change of the arithmetic changes them. Then the new ones belong here, if the change was meant.

use noctule_core::{
    Activity, Guards, Initialiser, Lif, LifParameters, Network, Shape, SpikeBatch, Window, is_fused,
};

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
    let neuron = |theta| {
        let parameters = LifParameters {
            tau_m: 0.13 * ratio,
            tau_s: 0.13,
            theta,
            reset: theta,
            max_spikes: 6,
            t_max: 0.3,
        };
        Lif::new(&parameters).unwrap()
    };
    let uniform = |high| Initialiser::uniform(-0.5 * high, high).unwrap();
    Network::image(IMAGE)
        .unwrap()
        .conv2d(20, Window::square(3), neuron(0.1), uniform(1.0), 1)
        .unwrap()
        .sum_pool2d(2)
        .unwrap()
        .dense(150, neuron(0.3), uniform(0.2), 2)
        .unwrap()
        .dense(4, neuron(0.2), uniform(0.3), 3)
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

fn hash(ratio: f64) -> u64 {
    let network = network(ratio);
    let (input, mut activity) = (input(), Activity::new());
    network.forward(&input, &mut activity).unwrap();
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    for events in activity.layers() {
        assert!(events.spikes() > 24, "a layer hardly spikes");
        hash.add(events.times());
    }
    let outputs = activity.output().unwrap().spikes();
    let errors = (0..outputs).map(|event| (event % 7) as f32 - 3.0).collect();
    let mut gradient = network.zero_gradient();
    let guards = Guards::default();
    let d_input = network
        .backward(&mut activity, errors, &guards, &mut gradient, true)
        .unwrap();
    for weights in gradient.weights_mut() {
        hash.add(&weights.to_rows());
    }
    hash.add(&d_input.unwrap());
    hash.0
}

#[test]
fn spikes_and_gradients_are_the_same_everywhere() {
    let which = usize::from(!is_fused());
    let found = EXPECTED.map(|(ratio, _)| hash(ratio));
    let expected = EXPECTED.map(|(_, hashes)| hashes[which]);
    assert!(found == expected, "{found:#x?} instead of {expected:#x?}");
}
