//! Everything that must be refused, with its path.

use std::fs;

use noctule_train::config::{Config, ConfigError, ConfigTable};

use super::{SMALL, with};

#[test]
fn overrides_that_lead_nowhere_are_refused() {
    for (text, reason) in [
        ("seed", "write `key=value`"),
        ("=3", "a key is empty"),
        ("layers..theta=3", "a key is empty"),
        ("layers.1.theta=3", "`layers` has 1 entry"),
        ("layers.first.theta=3", "`first` is not the number of one"),
        ("name.first=3", "`name` is a single string"),
    ] {
        let message = with(&[text]).unwrap_err().to_string();
        assert!(message.starts_with("cannot apply `--set"), "{message}");
        assert!(message.contains(reason), "{text}: {message}");
    }
}

#[test]
fn unknown_keys_are_refused_with_their_path() {
    for (text, expected, known) in [
        ("sede=1", "sede", "seed"),
        ("data.data=1", "data.data", "validation"),
        ("layers.0.thta=1", "layers.0.thta", "theta"),
        ("layers.0.init.high=1", "layers.0.init.high", "mean"),
        (
            "layers.0.homeostasis={targt=1}",
            "layers.0.homeostasis.targt",
            "target",
        ),
        ("loss.target_true=1", "loss.target_true", "temperature"),
        ("optimiser.betas=[0.9,0.9]", "optimiser.betas", "momentum"),
        (
            "schedule={kind='constant',floor=0}",
            "schedule.floor",
            "none",
        ),
        ("neuron.tau=1", "neuron.tau", "tau_m"),
    ] {
        match with(&[text]).unwrap_err() {
            ConfigError::UnknownKey {
                path,
                known: names,
                origin,
                ..
            } => {
                assert_eq!(path, expected);
                assert_eq!(origin, "small.toml");
                assert!(names.contains(&known) || names.is_empty(), "{names:?}");
            }
            other => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn wrong_types_are_refused_with_their_path() {
    for (text, expected) in [
        ("seed=-1", "seed"),
        ("seed=1.5", "seed"),
        ("name=7", "name"),
        ("data=mnist", "data"),
        ("data.set=3", "data.set"),
        ("layers=3", "layers"),
        ("layers.0=3", "layers.0"),
        ("layers.0.kind=3", "layers.0.kind"),
        ("layers.0.theta=high", "layers.0.theta"),
        ("layers.0.neurons=-800", "layers.0.neurons"),
        ("layers.0.neurons=1e3", "layers.0.neurons"),
        ("layers.0.init.std='1'", "layers.0.init.std"),
        ("neuron.tau_m=true", "neuron.tau_m"),
        ("encoder.silent_zero=1", "encoder.silent_zero"),
        ("optimiser={kind='adam',betas=[0.9]}", "optimiser.betas"),
        (
            "optimiser={kind='adam',betas=[0.9,0.9,0.9]}",
            "optimiser.betas",
        ),
        (
            "optimiser={kind='adam',betas=[0.9,'x']}",
            "optimiser.betas.1",
        ),
        ("training.epochs=1979-05-27", "training.epochs"),
    ] {
        match with(&[text]).unwrap_err() {
            ConfigError::WrongType { path, .. } => assert_eq!(path, expected),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(
        with(&["layers.0.theta=high"]).unwrap_err().to_string(),
        "small.toml: `layers.0.theta` is string \"high\", but must be a number"
    );
}

#[test]
fn missing_keys_and_unknown_names_are_refused_with_their_path() {
    let without = |line: &str| {
        assert!(SMALL.contains(line));
        Config::from_toml_str(&SMALL.replace(line, ""), "small.toml").unwrap_err()
    };
    for (line, expected) in [
        ("theta = 1\n", "layers.0.theta"),
        ("tau_m = 0.02\n", "neuron.tau_m"),
        ("kind = \"dense\"\n", "layers.0.kind"),
        ("kind = \"sgd\"\n", "optimiser.kind"),
        ("name = \"small\"\n", "name"),
        (", mean = 0.5", "layers.0.init.mean"),
        (
            "[neuron]\ntau_m = 0.02\ntau_s = 0.01\nt_max = 0.06\n",
            "neuron",
        ),
    ] {
        match without(line) {
            ConfigError::MissingKey { path, .. } => assert_eq!(path, expected),
            other => panic!("{line}: {other:?}"),
        }
    }
    for (text, expected, known) in [
        ("data.set=cifar", "data.set", "fashion-mnist"),
        ("optimiser.kind=adamm", "optimiser.kind", "adamw"),
        ("loss.kind=spike_count", "loss.kind", "spike-count"),
        ("layers.0.kind=conv", "layers.0.kind", "dense"),
    ] {
        match with(&[text]).unwrap_err() {
            ConfigError::UnknownName {
                path, known: names, ..
            } => {
                assert_eq!(path, expected);
                assert!(names.contains(&known), "{names:?}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn values_out_of_range_are_refused_with_their_path() {
    let spike_count = "loss={kind='spike-count', target_true=3, target_false=15}";
    let spike_time = "loss={kind='spike-time', target_true=0.2, target_false=0.1}";
    for (text, expected) in [
        ("name=../escape", "name"),
        ("name=", "name"),
        ("data.validation=10", "data.validation"),
        ("augmentation.shift=-1", "augmentation.shift"),
        ("augmentation.rotation=190", "augmentation.rotation"),
        ("augmentation.scale=1", "augmentation.scale"),
        (
            "augmentation.elastic={points=1, sigma=1}",
            "augmentation.elastic.points",
        ),
        (
            "augmentation.elastic={points=2, sigma=nan}",
            "augmentation.elastic.sigma",
        ),
        ("layers.0.dropout=1", "layers.0.dropout"),
        ("layers.0.dropout=-0.1", "layers.0.dropout"),
        ("layers.0={kind='sum_pool2d', size=0}", "layers.0.size"),
        (
            "layers.0={kind='conv2d', filters=0, window=5, theta=1, max_spikes=1, init={kind='normal', mean=0, std=1}}",
            "layers.0.filters",
        ),
        (
            "layers.0={kind='conv2d', filters=1, window=3, padding=3, theta=1, max_spikes=1, init={kind='normal', mean=0, std=1}}",
            "layers.0.padding",
        ),
        (
            "sweep={repeats=0, x={key='seed', from=0, to=1, step=1}, y={key='seed', from=0, to=1, step=1}}",
            "sweep.repeats",
        ),
        (
            "sweep={repeats=1, x={key='seed', from=2, to=1, step=1}, y={key='seed', from=0, to=1, step=1}}",
            "sweep.x.from",
        ),
        (
            "sweep={repeats=1, x={key='seed', from=0, to=1, step=1}, y={key='seed', from=0, to=1, step=0}}",
            "sweep.y.step",
        ),
        ("encoder.earliest=nan", "encoder.earliest"),
        ("encoder.earliest=0.2", "encoder.earliest"),
        ("encoder.latest=inf", "encoder.latest"),
        ("encoder.bias=-0.1", "encoder.bias"),
        ("neuron.tau_m=0", "neuron.tau_m"),
        ("neuron.tau_s=-1", "neuron.tau_s"),
        ("neuron.t_max=inf", "neuron.t_max"),
        ("layers=[]", "layers"),
        ("layers.0.tau_m=nan", "layers.0.tau_m"),
        ("layers.0.theta=0", "layers.0.theta"),
        ("layers.0.theta=nan", "layers.0.theta"),
        ("layers.0.reset=-1", "layers.0.reset"),
        ("layers.0.neurons=0", "layers.0.neurons"),
        ("layers.0.neurons=10000001", "layers.0.neurons"),
        ("layers.0.max_spikes=0", "layers.0.max_spikes"),
        ("layers.0.max_spikes=65536", "layers.0.max_spikes"),
        ("layers.0.silent_boost=-1", "layers.0.silent_boost"),
        (
            "layers.0.homeostasis={target=-1,strength=1}",
            "layers.0.homeostasis.target",
        ),
        (
            "layers.0.homeostasis={target=1,strength=nan}",
            "layers.0.homeostasis.strength",
        ),
        ("layers.0.init.std=-1", "layers.0.init.std"),
        ("layers.0.init.mean=-inf", "layers.0.init.mean"),
        (
            "layers.0.init={kind='uniform',low=1,high=1}",
            "layers.0.init.low",
        ),
        ("loss.temperature=0", "loss.temperature"),
        ("loss.early_pull=1", "loss.early_pull_time"),
        (spike_count, "loss.target_true"),
        (spike_time, "loss.target_true"),
        ("optimiser.learning_rate=0", "optimiser.learning_rate"),
        ("optimiser.learning_rate=1e300", "optimiser.learning_rate"),
        ("optimiser.momentum=1", "optimiser.momentum"),
        ("optimiser.nesterov=true", "optimiser.nesterov"),
        ("optimiser.weight_decay=-1", "optimiser.weight_decay"),
        ("optimiser={kind='adam',betas=[1,0.9]}", "optimiser.betas.0"),
        (
            "optimiser={kind='adamw',betas=[0.9,-0.1]}",
            "optimiser.betas.1",
        ),
        ("optimiser={kind='nadam',epsilon=0}", "optimiser.epsilon"),
        (
            "optimiser={kind='nadam',momentum_decay=nan}",
            "optimiser.momentum_decay",
        ),
        (
            "schedule={kind='cosine',warmup_epochs=2}",
            "schedule.warmup_epochs",
        ),
        (
            "schedule={kind='step',every_epochs=0,factor=0.5}",
            "schedule.every_epochs",
        ),
        ("training.epochs=0", "training.epochs"),
        ("training.epochs=1000001", "training.epochs"),
        ("training.batch_size=0", "training.batch_size"),
        ("training.batch_size=1000001", "training.batch_size"),
        ("training.max_inverse_slope=0", "training.max_inverse_slope"),
        ("training.weight_average=1", "training.weight_average"),
        ("training.weight_average=-0.1", "training.weight_average"),
        ("training.threads=1000000", "training.threads"),
    ] {
        match with(&[text]).unwrap_err() {
            ConfigError::OutOfRange { cause, .. } => assert_eq!(cause.path, expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(
        with(&["training.epochs=0"]).unwrap_err().to_string(),
        "small.toml: `training.epochs` is 0, but must be from 1 to 1000000"
    );
}

#[test]
fn seeds_that_are_no_seeds_are_refused() {
    for seed in ["-1", "1.5", "18446744073709551616", "'1e3'", "'+5'", "''"] {
        let message = with(&[&format!("seed={seed}")]).unwrap_err().to_string();
        assert!(
            message.contains("`seed`") && message.contains("18446744073709551615"),
            "{message}"
        );
    }
    let message = Config::from_toml_str("seed = 18446744073709551615", "x.toml").unwrap_err();
    assert!(message.to_string().contains("in quotes"), "{message}");
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        ConfigTable::read(&path).and_then(ConfigTable::resolve)
    };
    let marked = [b"\xef\xbb\xbf", SMALL.as_bytes()].concat();
    assert_eq!(read(&marked).unwrap(), with(&[]).unwrap());
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        SMALL.encode_utf16().flat_map(to_bytes).collect()
    };
    for bytes in [
        [b"\xff\xfe", utf16(u16::to_le_bytes).as_slice()].concat(),
        [b"\xfe\xff", utf16(u16::to_be_bytes).as_slice()].concat(),
        utf16(u16::to_le_bytes),
    ] {
        let message = read(&bytes).unwrap_err().to_string();
        for part in ["a.toml", "UTF-16", "save it as UTF-8"] {
            assert!(message.contains(part), "{message}");
        }
    }
    let message = read(b"name = 'a'\ndescription = 'caf\xe9'\n")
        .unwrap_err()
        .to_string();
    assert!(message.contains("line 2 is not UTF-8"), "{message}");
}

#[test]
fn similar_names_are_suggested() {
    for (text, suggestion) in [
        ("sede=1", "`sede` (did you mean `seed`?)"),
        (
            "optimizer.kind=sgd",
            "`optimizer` (did you mean `optimiser`?)",
        ),
        ("epochs=5", "`epochs` (did you mean `training.epochs`?)"),
        ("layers.0.thta=1", "(did you mean `layers.0.theta`?)"),
        ("data.set=yinyang", "`yinyang` (did you mean `yin-yang`?)"),
        ("data.set=MNIST", "`MNIST` (did you mean `mnist`?)"),
        ("loss.kind=spike_count", "(did you mean `spike-count`?)"),
        ("layers.0.kind=conv", "(did you mean `conv2d`?)"),
        (
            "layers.0.init.kind=gaussian",
            "must be one of `uniform`, `normal`",
        ),
    ] {
        let message = with(&[text]).unwrap_err().to_string();
        assert!(message.contains(suggestion), "{text}: {message}");
    }
    for (name, suggestion) in [
        ("yin-yang", "`yin-yang` (did you mean `yinyang`?)"),
        ("MNIST-Count", "(did you mean `mnist-count`?)"),
        ("cifar", "no preset `cifar`; presets are"),
    ] {
        let message = ConfigTable::preset_or_file(name).unwrap_err().to_string();
        assert!(message.contains(suggestion), "{message}");
    }
}

#[test]
fn files_and_presets_that_do_not_exist_are_named() {
    let unknown = ConfigTable::preset_or_file("mnist-cuont")
        .unwrap_err()
        .to_string();
    for part in ["mnist-cuont", "`mnist-count`", "`yinyang-paper`"] {
        assert!(unknown.contains(part), "{unknown}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.toml").display().to_string();
    let missing = ConfigTable::preset_or_file(&path).unwrap_err();
    assert!(matches!(missing, ConfigError::Read { .. }));
    assert!(missing.to_string().contains("none.toml"), "{missing}");

    let path = folder.path().join("plain");
    fs::write(&path, SMALL).unwrap();
    let table = ConfigTable::preset_or_file(&path).unwrap();
    assert_eq!(table.resolve().unwrap(), with(&[]).unwrap());
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_line() {
    let error = Config::from_toml_str("name = \"x\"\nseed = = 3\n", "bad.toml").unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, ConfigError::Syntax { .. }));
    assert!(message.starts_with("bad.toml: "), "{message}");
    assert!(message.contains("line 2"), "{message}");
}
