//! Draws the potential of a neuron with two inputs: `cargo run -p noctule --example membrane [FILE.svg]`.
//!
//! The spikes come from the event-based layer, the curve from the exact solution between events.

use std::fmt::Write as _;

use noctule::core::{Lif, LifParameters, Model, Network, Sgd, SpikeBatch, SpikingLayer, Tensor};
use noctule::cpu::CpuEngine;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const MARGIN: f64 = 40.0;
const STEP: f64 = 1e-4;
const HIGHEST: f64 = 1.2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "docs/figures/membrane.svg".to_owned());
    let parameters = LifParameters {
        tau_m: 0.020,
        tau_s: 0.010,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 10,
        t_max: 0.1,
    };
    let weights = [180.0, 260.0];
    let inputs = [(0.005, 0), (0.018, 1), (0.034, 1), (0.060, 0)];

    let neuron = Lif::<f64>::new(&parameters)?;
    let layer = SpikingLayer::dense(parameters, Tensor::new(&[1, 2], weights.to_vec())?)?;
    let network = Network::new(2)?.layer(layer)?;
    let mut model = Model::new(&CpuEngine::new(1)?, &network, Sgd::default())?;
    let mut batch = SpikeBatch::new(2);
    batch.push_sample(inputs)?;
    let output = model.forward(&batch)?;
    let spikes = output.times();

    let arrivals: Vec<(f64, f64)> = inputs
        .iter()
        .map(|&(time, input)| (time, weights[input as usize]))
        .collect();
    std::fs::write(&path, draw(&neuron, &arrivals, spikes)?)?;
    println!("{path}: {} output spikes", spikes.len());
    Ok(())
}

/// The potential on a grid, point by point from event to event.
fn trace(neuron: &Lif<f64>, arrivals: &[(f64, f64)], spikes: &[f64]) -> Vec<(f64, f64)> {
    let parameters = neuron.parameters();
    let steps = (parameters.t_max / STEP) as usize;
    let mut events: Vec<(f64, Option<f64>)> = arrivals
        .iter()
        .map(|&(time, weight)| (time, Some(weight)))
        .chain(spikes.iter().map(|&time| (time, None)))
        .chain((0..=steps).map(|step| (step as f64 * STEP, Some(0.0))))
        .collect();
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut now, mut potential, mut current) = (0.0, 0.0, 0.0);
    let mut points = Vec::new();
    for (time, event) in events {
        (potential, current) = neuron.propagate(potential, current, time - now);
        now = time;
        points.push((time, potential));
        match event {
            Some(weight) => current += weight,
            None => {
                potential -= parameters.reset;
                points.push((time, potential));
            }
        }
    }
    points
}

fn draw(
    neuron: &Lif<f64>,
    arrivals: &[(f64, f64)],
    spikes: &[f64],
) -> Result<String, std::fmt::Error> {
    let t_max = neuron.parameters().t_max;
    let x = |time: f64| MARGIN + (WIDTH - 2.0 * MARGIN) * time / t_max;
    let y = |potential: f64| HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * potential / HIGHEST;
    let (left, right, bottom) = (x(0.0), x(t_max), y(0.0));
    let mut svg = String::new();
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<path d="M{left} {MARGIN}V{bottom}H{right}" fill="none" stroke="#333"/>
<path d="M{left} {theta}H{right}" stroke="#c33" stroke-dasharray="4 3"/>
<text x="{right}" y="{theta}" dy="-5" text-anchor="end" fill="#c33">theta</text>
<text x="8" y="{MARGIN}">u</text><text x="{right}" y="{bottom}" dy="28" text-anchor="end">time, 0 to 100 ms</text>"##,
        theta = y(1.0),
    )?;
    for &(time, _) in arrivals {
        writeln!(
            svg,
            r##"<path d="M{0:.1} {1:.1}v12" stroke="#267" stroke-width="2"/>"##,
            x(time),
            bottom + 2.0
        )?;
    }
    writeln!(
        svg,
        r##"<text x="{left}" y="{bottom}" dy="28" fill="#267">input spikes</text>"##
    )?;
    for &time in spikes {
        writeln!(
            svg,
            r##"<path d="M{0:.1} {1:.1}v-14" stroke="#e72" stroke-width="2"/>"##,
            x(time),
            y(1.0) - 2.0
        )?;
    }
    writeln!(
        svg,
        r##"<text x="{left}" y="20" dx="8" fill="#e72">output spikes</text>"##
    )?;
    let points: Vec<String> = trace(neuron, arrivals, spikes)
        .iter()
        .map(|&(time, potential)| format!("{:.1},{:.1}", x(time), y(potential)))
        .collect();
    writeln!(
        svg,
        r##"<polyline points="{}" fill="none" stroke="#124" stroke-width="1.5"/>"##,
        points.join(" ")
    )?;
    svg.push_str("</svg>\n");
    Ok(svg)
}
