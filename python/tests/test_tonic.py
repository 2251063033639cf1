"""Recordings as tonic gives them: its readers, transforms and data sets, on files that are written here; nothing is downloaded."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import noctule as nt

EVENT = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])


@pytest.fixture(scope="module")
def tonic():
    return pytest.importorskip("tonic")


def recording(events=200, width=34, height=34, seed=0, dtype=EVENT):
    random = np.random.default_rng(seed)
    array = np.zeros(events, dtype=dtype)
    array["t"] = np.sort(random.integers(1, 300_000, events))
    for field, length in (("x", width), ("y", height), ("p", 2)):
        if field in dtype.names:
            array[field] = random.integers(0, length, events)
    return array


def expected(array, width, height, polarities, unit=1e-6):
    """Times and units, in another way than Noctule's."""
    names = array.dtype.names
    order = sorted(range(len(array)), key=lambda i: array["t"][i])
    pairs = []
    for i in order:
        x = int(array["x"][i])
        y = int(array["y"][i]) if "y" in names else 0
        p = int(array["p"][i]) if polarities > 1 else 0
        pairs.append((float(array["t"][i]) * unit, int(np.ravel_multi_index((y, x, p), (height, width, polarities)))))
    return pairs


def check(events_set, sample, array, size, unit=1e-6):
    width, height, polarities = size
    times, units = events_set.spikes.sample(sample)
    pairs = expected(array, width, height, polarities, unit)
    np.testing.assert_allclose(times, [t for t, _ in pairs], rtol=1e-6)
    assert sorted(zip(times.tolist(), units.tolist())) == sorted((float(np.float32(t)), u) for t, u in pairs)


# tonic's readers and data sets.


def write_nmnist(path: Path, array) -> None:
    """The format of N-MNIST: 5 bytes for each event; a time that has more than 23 bits overflows with an event at y = 240."""
    data = bytearray()
    for x, y, t, p in array[["x", "y", "t", "p"]].tolist():
        data += bytes([x, y, (p << 7) | (t >> 16), (t >> 8) & 255, t & 255])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(data))


@pytest.fixture
def nmnist(tonic, tmp_path, monkeypatch):
    """tonic's own class on a folder with some recordings: its check for 10,000 files is left out, and nothing else."""
    arrays = []
    for label in (0, 3, 7):
        for number in range(2):
            array = recording(seed=10 * label + number)
            array["t"] = np.sort(array["t"])
            write_nmnist(tmp_path / "NMNIST" / "Train" / str(label) / f"{number:05}.bin", array)
            arrays.append((array, label))
    monkeypatch.setattr(tonic.datasets.NMNIST, "_check_exists", lambda self: True)

    def make(**options):
        return tonic.datasets.NMNIST(save_to=str(tmp_path), train=True, **options)

    return make, arrays


def test_nmnist_through_tonics_reader(nmnist):
    make, arrays = nmnist
    found = nt.data.from_tonic(make())
    assert (found.population, found.shape, found.classes) == (34 * 34 * 2, (34, 34, 2), 8)
    np.testing.assert_array_equal(found.labels, [label for _, label in arrays])
    for sample, (array, _) in enumerate(arrays):
        check(found, sample, array, (34, 34, 2))


def test_first_saccade_and_stabilised_digits(nmnist):
    make, arrays = nmnist
    first = nt.data.from_tonic(make(first_saccade_only=True), classes=10)
    assert first.spikes.times.max() < 0.1 and first.classes == 10
    assert nt.data.from_tonic(make(stabilize=True)).shape == (34, 34, 2)


def test_transforms_that_give_events(tonic, nmnist):
    make, arrays = nmnist
    transforms = tonic.transforms
    for transform in (
        transforms.Denoise(filter_time=100_000),
        transforms.CropTime(max=100_000),
        transforms.DropEvent(p=0.3),
        transforms.MergePolarities(),
        transforms.RandomFlipLR(sensor_size=(34, 34, 2), p=1.0),
        transforms.RandomFlipPolarity(p=1.0),
        transforms.RefractoryPeriod(delta=1000),
        transforms.SpatialJitter(sensor_size=(34, 34, 2), var_x=2, var_y=2, clip_outliers=True),
        transforms.TimeJitter(std=100, clip_negative=True, sort_timestamps=False),
        transforms.TimeSkew(coefficient=1.5),
        transforms.UniformNoise(sensor_size=(34, 34, 2), n=50),
        transforms.RandomTimeReversal(p=1.0),
        transforms.TimeAlignment(),
    ):
        data = make(transform=transforms.Compose([transform]))
        np.random.seed(5)
        found = nt.data.from_tonic(data)
        np.random.seed(5)
        for sample in range(len(arrays)):
            events_of, label = data[sample]
            check(found, sample, events_of, (34, 34, 2))
            assert found.labels[sample] == label
    nothing = nt.data.from_tonic(make(transform=transforms.CropTime(min=400_000)))
    assert len(nothing) == 6 and len(nothing.spikes.times) == 0


def test_a_smaller_sensor_is_given_or_warned_of(tonic, nmnist):
    make, arrays = nmnist
    data = make(transform=tonic.transforms.Downsample(spatial_factor=0.5, time_factor=0.001))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = nt.data.from_tonic(data, sensor_size=(17, 17, 2), time_unit=1e-3)
    assert found.shape == (17, 17, 2)
    check(found, 1, data[1][0], (17, 17, 2), unit=1e-3)
    with pytest.warns(UserWarning, match=r"all events lie in 17 x 17; .* sensor_size=\(17, 17, 2\)"):
        assert nt.data.from_tonic(data).shape == (34, 34, 2)


@pytest.mark.parametrize(
    "name, options",
    [
        ("ToFrame", {"sensor_size": (34, 34, 2), "n_time_bins": 3}),
        ("ToImage", {"sensor_size": (34, 34, 2)}),
        ("ToVoxelGrid", {"sensor_size": (34, 34, 2), "n_time_bins": 3}),
        ("ToTimesurface", {"sensor_size": (34, 34, 2), "dt": 10_000, "tau": 5_000}),
        ("ToSparseTensor", {"sensor_size": (34, 34, 2), "n_time_bins": 3}),
    ],
)
def test_frames_are_refused_with_what_to_do(tonic, nmnist, name, options):
    make, _ = nmnist
    try:
        data = make(transform=getattr(tonic.transforms, name)(**options))
        data[0]
    except Exception as error:  # noqa: BLE001
        pytest.skip(f"this version of tonic cannot do that: {error}")
    with pytest.raises(nt.DataError, match=r"sample 0 is \w+ of shape .*no.* structured array.*such as tonic's ToFrame"):
        nt.data.from_tonic(data)


def test_one_hot_labels_are_refused(tonic, nmnist):
    make, _ = nmnist
    data = make(target_transform=tonic.transforms.ToOneHotEncoding(n_classes=10))
    with pytest.raises(nt.DataError, match="sample 0 has the label .*ToOneHotEncoding"):
        nt.data.from_tonic(data)


def test_jitter_before_zero_and_outside_of_the_sensor_are_refused(tonic, nmnist):
    make, _ = nmnist
    with pytest.raises(nt.DataError, match=r"sample 0, event \d+: t is -.*clip_negative=True"):
        nt.data.from_tonic(make(transform=tonic.transforms.TimeJitter(std=100_000, clip_negative=False)))
    wide = tonic.transforms.SpatialJitter(sensor_size=(34, 34, 2), var_x=500, var_y=500)
    with pytest.raises(nt.DataError, match=r"sample 0, event \d+: [xy] is .* sensor has 34; give sensor_size"):
        nt.data.from_tonic(make(transform=wide))


def test_wrapped_data_sets_keep_their_sensor(tonic, nmnist, tmp_path):
    make, arrays = nmnist
    data = make()
    cached = tonic.MemoryCachedDataset(data)
    assert nt.data.from_tonic(cached).shape == (34, 34, 2)
    on_disk = tonic.DiskCachedDataset(data, cache_path=str(tmp_path / "cache"))
    for _ in range(2):
        assert nt.data.from_tonic(on_disk).spikes == nt.data.from_tonic(data).spikes
    slicer = tonic.slicers.SliceByTime(time_window=100_000)
    sliced = tonic.SlicedDataset(data, slicer=slicer)
    found = nt.data.from_tonic(sliced)
    assert len(found) == len(sliced) > len(data) and found.shape == (34, 34, 2)
    torch = pytest.importorskip("torch")
    subset = torch.utils.data.Subset(data, [4, 1])
    found = nt.data.from_tonic(subset)
    assert found.labels.tolist() == [arrays[4][1], arrays[1][1]]
    check(found, 0, arrays[4][0], (34, 34, 2))


def write_hdf5(path: Path, recordings, labels, keys=(b"zero", b"one", b"two")):
    """The layout of SHD and SSC: float16 times, uint16 units, arrays of variable length."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, column, dtype in (("times", 0, np.float16), ("units", 1, np.uint16)):
            data = file.create_dataset(f"spikes/{name}", (len(recordings),), dtype=h5py.vlen_dtype(dtype))
            for index, sample in enumerate(recordings):
                data[index] = np.asarray(sample[column], dtype=dtype)
        file["labels"] = np.asarray(labels, dtype=np.uint16)
        file["extra/keys"] = np.array(keys)
        file["extra/speaker"] = np.zeros(len(labels), dtype=np.uint16)


@pytest.fixture
def shd(tmp_path):
    random = np.random.default_rng(4)
    recordings = []
    for _ in range(5):
        times = np.sort(random.uniform(0, 1.2, 300)).astype(np.float16)
        recordings.append((times, random.integers(0, 700, 300)))
    labels = [0, 2, 1, 0, 2]
    path = tmp_path / "SHD" / "shd_train.h5"
    path.parent.mkdir()
    write_hdf5(path, recordings, labels)
    return tmp_path, path, recordings, labels


def test_the_layout_of_shd_is_read_without_tonic(shd):
    _, path, recordings, labels = shd
    found = nt.data.events(path, population=700)
    assert (found.population, found.classes) == (700, 3)
    assert found.labels.tolist() == labels
    for sample, (times, units) in enumerate(recordings):
        seen_times, seen_units = found.spikes.sample(sample)
        np.testing.assert_array_equal(seen_times, times.astype(np.float32))
        np.testing.assert_array_equal(seen_units, units)


def test_shd_through_tonic_is_the_same_as_without(tonic, shd, monkeypatch):
    folder, path, recordings, labels = shd
    monkeypatch.setattr(tonic.datasets.SHD, "_check_exists", lambda self: True)
    data = tonic.datasets.SHD(save_to=str(folder), train=True)
    found = nt.data.from_tonic(data)
    # tonic gives every event the polarity 1, and says that its sensor has one.
    assert (found.population, found.shape) == (700, (1, 700, 1))
    direct = nt.data.events(path, population=700)
    np.testing.assert_array_equal(found.labels, direct.labels)
    np.testing.assert_array_equal(found.spikes.offsets, direct.spikes.offsets)
    # tonic rounds to microseconds, downwards.
    difference = direct.spikes.times.astype(float) - found.spikes.times
    assert np.abs(difference).max() < 1.2e-6


def test_a_set_goes_to_the_command_line_and_back(shd, tmp_path):
    _, path, _, _ = shd
    found = nt.data.events(path, population=700)
    found.save(tmp_path / "shd")
    again = nt.data.events(tmp_path / "shd")
    assert again.spikes == found.spikes and again.population == 700
    np.testing.assert_array_equal(again.labels, found.labels)


def test_aedat2_through_tonics_reader(tonic, tmp_path):
    """AEDAT 2.0, big-endian, with the addresses of a DAVIS346."""
    array = recording(width=346, height=260)
    x, y, p, t = (array[name].astype(np.uint32) for name in ("x", "y", "p", "t"))
    address = ((259 - y) << 22) | ((345 - x) << 12) | (p << 11)
    path = tmp_path / "camera.aedat"
    header = b"#!AER-DAT2.0\r\n# This is a raw AE data file\r\n# Creation time: day 0\r\n"
    path.write_bytes(header + np.stack([address, t], axis=1).astype(">u4").tobytes())
    try:
        (width, height), _, events_of = tonic.io.read_davis_346(str(path))
    except (ValueError, IndexError, AssertionError) as error:
        pytest.skip(f"this version of tonic cannot read AEDAT 2.0: {error}")
    assert len(events_of) == len(array)
    found = nt.data.from_tonic([(events_of, 0)], sensor_size=(width, height, 2))
    check(found, 0, array, (346, 260, 2))


def test_aedat4_through_tonics_reader(tonic, tmp_path):
    """aedat calls the polarity `on`, and counts from 1970."""
    pytest.importorskip("aedat")
    dv = pytest.importorskip("dv_processing", reason="dv-processing writes the AEDAT 4 file")
    array = recording(width=16, height=12)
    start = 1_700_000_000_000_000
    store = dv.EventStore()
    for x, y, t, p in array.tolist():
        store.push_back(start + t, x, y, bool(p))
    path = tmp_path / "camera.aedat4"
    writer = dv.io.MonoCameraWriter(str(path), dv.io.MonoCameraWriter.EventOnlyConfig("test", (16, 12)))
    writer.writeEvents(store)
    del writer
    events_of = tonic.io.read_aedat4(str(path))
    aligned = array.copy()
    aligned["t"] -= array["t"][0]
    for sample in (events_of, store.numpy()):
        with pytest.raises(nt.DataError, match=r"sample 0 begins at 1.7e\+09 s, the time of a clock.*align=True"):
            nt.data.from_tonic([sample], [0], sensor_size=(16, 12, 2))
        found = nt.data.from_tonic([sample], [0], sensor_size=(16, 12, 2), align=True)
        check(found, 0, aligned, (16, 12, 2))


# Structured arrays of other kinds.


def test_names_of_fields_and_polarities():
    array = recording(50, 5, 4)
    whole = nt.data.from_arrays([array], [0], sensor_size=(5, 4, 2))
    for names, dtype in (
        (("x", "y", "timestamp", "polarity"), None),
        (("x", "y", "ts", "pol"), None),
        (("x", "y", "t", "on"), [("x", "<u2"), ("y", "<u2"), ("t", "<u8"), ("on", "?")]),
    ):
        other = np.zeros(50, dtype=dtype or [(name, int) for name in names])
        for name, own in zip(names, ("x", "y", "t", "p")):
            other[name] = array[own]
        assert nt.data.from_arrays([other], sensor_size=(5, 4, 2)).spikes == whole.spikes
    signed = array.copy()
    signed["p"] = 2 * array["p"] - 1
    assert nt.data.from_arrays([signed], sensor_size=(5, 4, 2)).spikes == whole.spikes
    shuffled = array[np.random.default_rng(1).permutation(50)]
    assert nt.data.from_arrays([shuffled], sensor_size=(5, 4, 2)).spikes.times.tolist() == whole.spikes.times.tolist()


def test_the_sensor_by_default():
    array = recording(500, 5, 4)
    assert nt.data.from_arrays([array, array[:0]], [0, 1]).shape == (4, 5, 2)
    ones = array.copy()
    ones["p"] = 1
    assert nt.data.from_arrays([ones], [0]).shape == (4, 5, 1)
    audio = recording(500, 64, dtype=np.dtype([("t", int), ("x", int), ("p", int)]))
    audio["p"] = 1
    assert nt.data.from_arrays([audio], [0]).shape == (1, 64, 1)
    assert nt.data.from_arrays([audio], [0], sensor_size=[700]).population == 700
    assert nt.data.from_arrays([]).population == 1


def test_labels_may_be_names():
    array = recording(5)
    names = ["cat", "dog"]
    found = nt.data.from_arrays([(array, "dog"), (array, b"cat")], classes=names)
    assert (found.labels.tolist(), found.classes) == ([1, 0], 2)
    assert nt.data.from_arrays([array, array], np.array(["dog", "dog"]), classes=names).labels.tolist() == [1, 1]
    with pytest.raises(nt.DataError, match=r"sample 1 has the label 'bird'; classes are \['cat', 'dog'\]"):
        nt.data.from_arrays([(array, "dog"), (array, "bird")], classes=names)
    with pytest.raises(nt.DataError, match=r"sample 0 has the label 'dog'; give classes"):
        nt.data.from_arrays([(array, "dog")])


@pytest.mark.parametrize(
    "samples, options, message",
    [
        (recording(5), {}, "give a list of recordings"),
        ([recording(5)], {"sensor_size": (34, 34, 2), "time_unit": 0}, "time_unit must be positive"),
        ([recording(5)], {"sensor_size": (34, 0)}, r"sensor_size must be \(width, height, polarities\)"),
        ([recording(5)], {"sensor_size": "large"}, r"sensor_size must be"),
        ([recording(5)], {"labels": [0.5]}, "label 0.5, which is no integer"),
        ([recording(5)], {"labels": [-1]}, r"labels\[0\] is -1"),
        ([recording(5)], {"labels": [0, 1]}, "1 samples, but 2 labels"),
        ([(recording(5), 0), recording(5)], {}, "1 of 2 samples have a label"),
        ([[1, 2, 3]], {}, "sample 0 is list, not a structured array"),
        ([recording(5)[["x", "y"]]], {}, "sample 0 has the fields x, y, but no time"),
        ([recording(5)], {"labels": 3}, "labels must be a list or an array"),
        ([recording(5)], {"labels": [True]}, "label True"),
        ([(recording(5), 1)], {"labels": [0]}, "labels of their own"),
        ([recording(5)[["t", "x", "y"]]], {"sensor_size": (34, 34, 2)}, "sample 0 has no field `p`"),
        ([np.zeros(2, dtype=[("t", "M8[us]"), ("x", int)])], {}, "t must be numbers, in units of time_unit, not datetime64"),
        ([recording(5)], {"time_unit": "x"}, "time_unit must be a number, not 'x'"),
        (5, {}, "not 5"),
    ],
)
def test_what_is_wrong_is_said(samples, options, message):
    with pytest.raises(ValueError, match=message):
        nt.data.from_arrays(samples, **options)


def test_times_may_be_seconds_and_not_nan():
    array = np.zeros(3, dtype=[("t", float), ("x", int)])
    array["t"] = [0.5, 0.25, 1.0]
    found = nt.data.from_arrays([array], [0], time_unit=1, dtype="float64")
    assert found.spikes.times.tolist() == [0.25, 0.5, 1.0] and found.spikes.dtype == np.float64
    array["t"][1] = np.nan
    with pytest.raises(nt.DataError, match="sample 0, event 1: t is nan"):
        nt.data.from_arrays([array], [0], time_unit=1)


def test_ten_thousand_samples_take_seconds():
    # A bound that only a loop over events would miss, not a measurement.
    arrays = [recording(1000, seed=seed) for seed in range(20)]
    start = time.perf_counter()
    found = nt.data.from_arrays(((arrays[i % 20], i % 10) for i in range(10_000)), sensor_size=(34, 34, 2))
    assert len(found) == 10_000 and len(found.spikes.times) == 10_000_000
    assert time.perf_counter() - start < 60


def test_events_train_a_network():
    random = np.random.default_rng(0)
    template = random.integers(0, 80_000, (3, 20))
    event = np.dtype([("t", int), ("x", int)])

    def samples(number):
        for index in range(number):
            array = np.zeros(20, dtype=event)
            array["x"] = np.arange(20)
            array["t"] = np.maximum(template[index % 3] + random.normal(0, 1000, 20), 0)
            yield array, index % 3

    train, test = (nt.data.from_tonic(samples(number), sensor_size=(20, 1, 1)) for number in (150, 60))
    layers = [nt.Dense(30, theta=1.0, max_spikes=10), nt.Dense(3, theta=1.0, max_spikes=10)]
    net = nt.Network(train.population, layers, tau_m=0.02, tau_s=0.01, t_max=0.1)
    run = nt.fit(net, train, test, loss=nt.SpikeCount(6, 1), epochs=8, batch_size=10)
    assert run.accuracy > 0.9


# PyTorch's loaders.


def test_data_loaders_with_and_without_processes():
    torch = pytest.importorskip("torch")
    train, _ = nt.data.yinyang()
    dataset = nt.data.torch_dataset(train[:60])
    assert isinstance(dataset, torch.utils.data.Dataset) and len(dataset) == 60
    spikes, label = dataset[-1]
    assert spikes == train[59].spikes and label == train.labels[59]
    for workers in (0, 1):
        options = {"multiprocessing_context": "spawn"} if workers else {}
        loader = torch.utils.data.DataLoader(dataset, batch_size=25, collate_fn=nt.data.collate, num_workers=workers, **options)
        batches = list(loader)
        assert [len(batch) for batch, _ in batches] == [25, 25, 10]
        assert nt.SpikeBatch.concatenate([batch for batch, _ in batches]) == train[:60].spikes
        np.testing.assert_array_equal(np.concatenate([labels for _, labels in batches]), train.labels[:60])
    unlabelled = nt.data.torch_dataset(nt.data.EventSet(train[:3].spikes))
    assert unlabelled[0][1] == -1
    with pytest.raises(nt.DataError):
        nt.data.collate([])
