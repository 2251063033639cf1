//! The Yin-Yang generator, checked against the geometry of the symbol.

use noctule_data::yinyang::{Region, classify, generate, standard};
use noctule_data::{Dataset, Pixels, Split};
use proptest::prelude::*;

fn points(dataset: &Dataset) -> Vec<[f32; 4]> {
    let Pixels::Floats(values) = dataset.pixels().expect("images") else {
        panic!("coordinates are floats");
    };
    values
        .chunks(4)
        .map(|point| point.try_into().expect("four features"))
        .collect()
}

#[test]
fn features_and_labels_agree() {
    let dataset = standard(Split::Train, 3).expect("points");
    for ([x, y, opposite_x, opposite_y], &label) in
        points(&dataset).into_iter().zip(dataset.labels())
    {
        assert_eq!((opposite_x, opposite_y), (1.0 - x, 1.0 - y));
        assert!(
            [x, y, opposite_x, opposite_y]
                .iter()
                .all(|value| (0.0..=1.0).contains(value))
        );
        let region = classify(x.into(), y.into()).expect("a point of the disk");
        assert_eq!(region.label(), label);
    }
}

#[test]
fn the_classes_are_balanced() {
    let dataset = generate(30_000, 5).expect("points");
    for region in Region::ALL {
        let count = dataset
            .labels()
            .iter()
            .filter(|&&label| label == region.label())
            .count();
        // Five standard deviations of a binomial of 30,000 thirds are 408.
        assert!(count.abs_diff(10_000) < 408, "{region:?}: {count}");
    }
}

#[test]
fn each_region_is_filled_evenly() {
    let dataset = generate(30_000, 6).expect("points");
    let mut sums = [[0.0; 2]; 3];
    let mut counts = [0.0; 3];
    for ([x, y, ..], &label) in points(&dataset).iter().zip(dataset.labels()) {
        sums[label as usize][0] += f64::from(*x);
        sums[label as usize][1] += f64::from(*y);
        counts[label as usize] += 1.0;
    }
    let mean = |region: Region, axis: usize| {
        sums[region.label() as usize][axis] / counts[region.label() as usize]
    };
    for axis in 0..2 {
        let opposite = mean(Region::Yin, axis) + mean(Region::Yang, axis);
        assert!(
            (opposite - 1.0).abs() < 0.02,
            "yin and yang are each other's mirror image"
        );
        assert!((mean(Region::Dot, axis) - 0.5).abs() < 0.02);
    }
    assert!(mean(Region::Yin, 1) > 0.6, "yin is above");
}

#[test]
fn parts_have_their_sizes_and_differ() {
    let parts = [Split::Train, Split::Validation, Split::Test];
    let parts = parts.map(|split| standard(split, 1).expect("points"));
    assert_eq!(parts.each_ref().map(Dataset::len), [5_000, 1_000, 1_000]);
    assert_ne!(points(&parts[0])[..1_000], points(&parts[1])[..]);
    assert_ne!(points(&parts[1]), points(&parts[2]));
}

#[test]
fn the_seed_decides_everything() {
    assert_eq!(standard(Split::Test, 9), standard(Split::Test, 9));
    assert_ne!(standard(Split::Test, 9), standard(Split::Test, 10));
    assert_eq!(generate(50, 4), generate(50, 4));
    assert!(generate(0, 4).is_err());
}

#[test]
fn the_regions_cover_the_areas_they_should() {
    let steps = 1_000;
    let mut counts = [0_u32; 3];
    for row in 0..steps {
        for column in 0..steps {
            let place = |index: u32| (f64::from(index) + 0.5) / f64::from(steps);
            if let Some(region) = classify(place(column), place(row)) {
                counts[region.label() as usize] += 1;
            }
        }
    }
    let area =
        |region: Region| f64::from(counts[region.label() as usize]) / f64::from(steps * steps);
    let dots = 2.0 * std::f64::consts::PI * 0.1 * 0.1;
    let half = (std::f64::consts::PI * 0.5 * 0.5 - dots) / 2.0;
    assert!((area(Region::Dot) - dots).abs() < 1e-3);
    assert!((area(Region::Yin) - half).abs() < 1e-3);
    assert!((area(Region::Yang) - half).abs() < 1e-3);
}

proptest! {
    /// A half turn around the centre swaps yin and yang and keeps the dots.
    #[test]
    fn a_half_turn_swaps_yin_and_yang(x in 0.0..1.0, y in 0.0..1.0) {
        // A point on an edge belongs to only one of the two regions, so points on edges are left out.
        let from = |centre: f64| f64::hypot(x - centre, y - 0.5);
        let edges = [from(0.5) - 0.5, from(0.25) - 0.25, from(0.75) - 0.25, from(0.25) - 0.1, from(0.75) - 0.1, y - 0.5];
        prop_assume!(edges.iter().all(|edge| edge.abs() > 1e-9));
        let turned = match classify(x, y) {
            Some(Region::Yin) => Some(Region::Yang),
            Some(Region::Yang) => Some(Region::Yin),
            other => other,
        };
        prop_assert_eq!(classify(1.0 - x, 1.0 - y), turned);
    }
}
