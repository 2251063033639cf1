//! What an optimiser remembers: in shards of ranks, saved and restored.

mod support;

use noctule_core::{EngineError, Session, TensorError, TensorGroup, TensorName, shard};
use support::engine;
use support::steps::{adam, all, nadam, only, open, sgd, walk, weights};

/// The groups of tensors that steps change.
fn groups(states: usize) -> Vec<TensorGroup> {
    let states = (0..states).map(TensorGroup::OptimiserState);
    [TensorGroup::Parameters]
        .into_iter()
        .chain(states)
        .collect()
}

/// The tensors of a group as they are cut into shards.
fn stored(session: &mut dyn Session<f32>, group: TensorGroup) -> Vec<Vec<f32>> {
    let mut tensors = Vec::new();
    session
        .exchange(group, &mut |tensor| tensors.push(tensor.to_vec()))
        .unwrap();
    tensors
}

#[test]
fn shards_of_ranks_make_up_the_whole_step() {
    // Of the first tensor, the last of 40 ranks has nothing. A third of the second spans several tasks and ends within
    // a SIMD vector.
    let shapes = [[2, 1], [60_017, 2]];
    for rule in all() {
        let mut whole = open(engine(), &rule, &shapes);
        walk(&mut *whole, 0..5);
        for (rank, ranks) in [(0, 3), (1, 3), (2, 3), (39, 40)] {
            let mut part = open(engine(), &rule, &shapes);
            part.set_shard(rank, ranks).unwrap();
            let before = stored(&mut *part, TensorGroup::Parameters);
            assert_eq!(shard(before[0].len(), rank, ranks).is_empty(), ranks == 40);
            walk(&mut *part, 0..5);
            for group in groups(rule.state_names().len()) {
                let (found, whole) = (stored(&mut *part, group), stored(&mut *whole, group));
                for (tensor, (found, whole)) in found.iter().zip(&whole).enumerate() {
                    let own = shard(found.len(), rank, ranks);
                    assert_eq!(found[own.clone()], whole[own.clone()], "{rule:?}, {group}");
                    if group == TensorGroup::Parameters {
                        let before = &before[tensor];
                        assert_eq!(found[..own.start], before[..own.start], "{rule:?}");
                        assert_eq!(found[own.end..], before[own.end..], "{rule:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_restored_optimiser_continues_to_the_bit() {
    let shapes = [[5, 4], [20, 5]];
    for rule in all() {
        let mut unbroken = open(engine(), &rule, &shapes);
        walk(&mut *unbroken, 0..20);

        let mut first = open(engine(), &rule, &shapes);
        walk(&mut *first, 0..11);
        let text = serde_json::to_string(&first.optimiser_progress()).unwrap();
        let groups = groups(rule.state_names().len()).into_iter();
        let saved: Vec<_> = groups
            .map(|group| (group, first.read(group).unwrap()))
            .collect();

        let mut second = open(engine(), &rule, &shapes);
        for (group, tensors) in &saved {
            second.write(*group, tensors).unwrap();
        }
        second
            .set_optimiser_progress(&serde_json::from_str(&text).unwrap())
            .unwrap();
        walk(&mut *second, 11..20);
        assert_eq!(weights(&mut *second), weights(&mut *unbroken), "{rule:?}");
        assert_eq!(second.optimiser_progress(), unbroken.optimiser_progress());
    }
}

#[test]
fn state_is_named_by_slot_and_layer() {
    for rule in all() {
        let mut session = open(engine(), &rule, &[[2, 1], [3, 2]]);
        let states = rule.state_names().len();
        for slot in 0..states {
            let state = session.read(TensorGroup::OptimiserState(slot)).unwrap();
            let names: Vec<_> = state.keys().copied().collect();
            assert_eq!(names, [TensorName::weights(0), TensorName::weights(1)]);
            let shapes: Vec<_> = state.values().map(|tensor| tensor.shape()).collect();
            assert_eq!(shapes, [[2, 1], [3, 2]]);
        }
        let absent = session.read(TensorGroup::OptimiserState(states));
        assert!(matches!(absent, Err(EngineError::Tensors { .. })));
    }
    assert!(sgd(0.0, false).state_names().is_empty());
    assert_eq!(sgd(0.9, false).state_names(), ["momentum"]);
    assert_eq!(nadam().state_names(), ["first_moment", "second_moment"]);
}

#[test]
fn refuses_a_state_that_does_not_fit_and_stays_as_it_was() {
    let mut session = open(engine(), &adam(), &[[1, 2]]);
    walk(&mut *session, 0..3);
    let states = |session: &mut dyn Session<f32>| {
        let mut state = |slot| session.read(TensorGroup::OptimiserState(slot)).unwrap();
        (state(0), state(1))
    };
    let (before, progress) = (states(&mut *session), session.optimiser_progress());
    let second = TensorGroup::OptimiserState(1);

    let missing = session.write(
        second,
        &only([1, 2], &[0.1, 0.2]).split_off(&TensorName::weights(1)),
    );
    let message = missing.unwrap_err().to_string();
    assert!(
        message.contains("state 1") && message.contains("layer 0 are missing"),
        "{message}"
    );

    let short = session.write(second, &only([1, 1], &[0.1]));
    assert!(matches!(
        short,
        Err(EngineError::Tensor { layer: 0, source: TensorError::Shape { expected, found }, .. })
            if expected == [1, 2] && found == [1, 1]
    ));

    let negative = session
        .write(second, &only([1, 2], &[0.1, -0.1]))
        .unwrap_err();
    assert!(matches!(negative, EngineError::Tensors { .. }));
    assert!(negative.to_string().contains("-0.1"), "{negative}");
    let nan = session.write(second, &only([1, 2], &[0.1, f32::NAN]));
    assert!(matches!(
        nan,
        Err(EngineError::Tensor { source: TensorError::NotFinite { index, .. }, .. })
            if index == [0, 1]
    ));

    let of_nadam = open(engine(), &nadam(), &[[1, 2]]).optimiser_progress();
    let other_kind = session.set_optimiser_progress(&of_nadam).unwrap_err();
    let message = other_kind.to_string();
    assert!(
        message.contains("`nadam`") && message.contains("`adam`"),
        "{message}"
    );

    assert_eq!(states(&mut *session), before);
    assert_eq!(session.optimiser_progress(), progress);
}
