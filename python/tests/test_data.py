"""`nt.data`: sets, files, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import noctule as nt


def test_yinyang():
    train, test = nt.data.yinyang()
    assert len(train) == 5000 and len(test) == 1000 and train.classes == 3 and train.population == 5
    assert np.bincount(train.labels).tolist() == np.bincount(nt.data.yinyang()[0].labels).tolist()
    part = train[:10].spikes
    assert part.samples == 10 and (part.counts() == 1).all()
    assert len(train[train.labels == 1]) == (train.labels == 1).sum()
    assert len(nt.data.load("yin-yang", "validation")) > 0
    assert "yin-yang" in nt.data.names()


def test_mnist(mnist):
    train, test = mnist
    assert train.images.shape == (60000, 28, 28, 1) and train.images.dtype == np.uint8
    assert len(test) == 10000 and train.classes == 10
    spikes = test[:100].spikes
    expected = 0.1 * (1 - test.images[:100].reshape(100, -1) / 255.0)
    expected[test.images[:100].reshape(100, -1) == 0] = np.inf
    np.testing.assert_allclose(spikes.to_padded(1)[..., 0], expected, rtol=1e-6)


def test_files(tmp_path):
    spikes = nt.SpikeBatch.from_lists([[(1000, 2), (2000, 0)], [(500, 1)]], population=3)
    np.savez(tmp_path / "events.npz", times=spikes.times, units=spikes.units, offsets=spikes.offsets, labels=[1, 0])
    read = nt.data.events(tmp_path / "events.npz", time_unit=1e-6, population=10)
    assert read.population == 10 and read.labels.tolist() == [1, 0] and read.classes == 2
    np.testing.assert_allclose(read.spikes.times, [0.001, 0.002, 0.0005], rtol=1e-6)
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    np.savez(tmp_path / "images.npz", images=images, labels=[0, 4])
    read = nt.data.images(tmp_path / "images.npz")
    assert read.shape == (3, 4, 1) and read.classes == 5 and (read.images[..., 0] == images).all()


def test_files_that_are_wrong(tmp_path):
    np.savez(tmp_path / "objects.npz", times=np.array([None, 1], dtype=object), units=[0], offsets=[0, 1])
    np.savez(tmp_path / "unsorted.npz", times=[0.2, 0.1], units=[0, 0], offsets=[0, 2])
    np.savez(tmp_path / "nan.npz", times=[np.nan], units=[0], offsets=[0, 1])
    (tmp_path / "text.npz").write_text("not a file of NumPy")
    whole = (tmp_path / "nan.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    for name, named in (
        ("objects", "pickle|object"),
        ("unsorted", "0.1"),
        ("nan", "NaN"),
        ("text", "text.npz"),
        ("cut", "cut.npz"),
        ("missing", "missing.npz"),
    ):
        with pytest.raises(nt.DataError, match=named) as refused:
            nt.data.events(tmp_path / f"{name}.npz")
        assert name in str(refused.value)
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "shd.h5", "w") as file:
        kind = h5py.vlen_dtype(np.dtype("float16"))
        file.create_dataset("spikes/times", (1,), dtype=kind)[0] = np.array([0.1, 0.2], dtype="float16")
        file.create_dataset("spikes/units", (1,), dtype=h5py.vlen_dtype(np.dtype("uint16")))[0] = [3, 4]
        file["labels"] = np.array([2], dtype="uint8")
    assert nt.data.events(tmp_path / "shd.h5", population=700).labels.tolist() == [2]
    whole = (tmp_path / "shd.h5").read_bytes()
    for length in (10, 100, len(whole) // 2):
        (tmp_path / "cut.h5").write_bytes(whole[:length])
        with pytest.raises(nt.DataError, match="cut.h5"):
            nt.data.events(tmp_path / "cut.h5")


def test_structured_arrays():
    events = np.array([(3, 1, 20, 1), (0, 0, 10, 0)], dtype=[("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "?")])
    read = nt.data.from_arrays([(events, 4), (events[:1], 2)], sensor_size=(4, 2, 2))
    assert read.labels.tolist() == [4, 2] and read.population == 16
    assert read.spikes.to_lists()[0] == [(pytest.approx(1e-5), 0), (pytest.approx(2e-5), (1 * 4 + 3) * 2 + 1)]
    with pytest.raises(nt.DataError, match="sensor"):
        nt.data.from_arrays([events], sensor_size=(2, 2, 2))
    with pytest.raises(nt.DataError, match="`t`"):
        nt.data.from_arrays([np.zeros((10, 2, 34, 34))])


def test_torch_dataset(random_spikes):
    torch_data = pytest.importorskip("torch.utils.data")
    labels = np.arange(20)
    data = nt.data.torch_dataset(nt.data.EventSet(random_spikes, labels))
    loader = torch_data.DataLoader(data, batch_size=6, collate_fn=nt.data.collate, num_workers=2)
    batches = list(loader)
    assert nt.SpikeBatch.concatenate([spikes for spikes, _ in batches]) == random_spikes
    assert np.concatenate([found for _, found in batches]).tolist() == labels.tolist()


def test_a_sensor_keeps_its_shape_in_a_file(tmp_path):
    spikes = nt.SpikeBatch([0.25], [3], [0, 1], population=4)
    nt.data.EventSet(spikes, [1], shape=(2, 1, 2)).save(tmp_path / "sensor.npz")
    read = nt.data.events(tmp_path / "sensor.npz")
    assert read.shape == (2, 1, 2) and read.spikes.units.tolist() == [3]
    assert nt.data.events(tmp_path / "sensor.npz", population=10).shape == (1, 1, 10)
    arrays = {"times": [0.25], "units": [3], "offsets": [0, 1], "labels": [1]}
    for shape in ([28, 28], "camera", np.array([None])):
        np.savez(tmp_path / "own.npz", shape=shape, **arrays)
        assert nt.data.events(tmp_path / "own.npz").shape == (1, 1, 4)
    np.savez(tmp_path / "own.npz", sensor_shape=np.array([None]), **arrays)
    with pytest.raises(nt.DataError, match="own.npz: sensor_shape"):
        nt.data.events(tmp_path / "own.npz")


@pytest.mark.parametrize(
    "call, named",
    [
        (lambda: nt.data.ImageSet(np.zeros((2, 3)), [0, 1]), "[2, 3]"),
        (lambda: nt.data.ImageSet(np.full((2, 3, 3), 7.0)), "7.0"),
        (lambda: nt.data.ImageSet(np.zeros((2, 3, 3), dtype=int)), "int64"),
        (lambda: nt.data.ImageSet(np.full((2, 3, 3), np.nan)), "nan"),
        (lambda: nt.data.ImageSet(np.zeros((2, 3, 3)), [0]), "1 labels"),
        (lambda: nt.data.ImageSet(np.zeros((2, 3, 3)), [0, 3], classes=2), "3"),
        (lambda: nt.data.ImageSet(np.zeros((2, 3, 3)), encoding=nt.data.Latency(0.2, 0.1)).spikes, "0.2"),
        (lambda: nt.data.ImageSet(np.zeros((2, 3, 3)), encoding=5), "5"),
        (lambda: nt.data.Latency("soon", 1), "soon"),
        (lambda: nt.data.Latency("0", 1), "0"),
        (lambda: nt.data.Latency(silent_zero="yes"), "yes"),
        (lambda: nt.data.ImageSet(np.zeros((2, 3, 3)))[[0, 9]], "9"),
        (lambda: nt.data.ImageSet(np.zeros((2, 3, 3)))[None], "None"),
        (lambda: nt.data.ImageSet(np.zeros((2, 3, 3)), [0, 1], classes="x"), "x"),
        (lambda: nt.data.EventSet(nt.SpikeBatch([], [], [0], population=4), shape=(-2, -2, 1)), "-2"),
        (lambda: nt.data.EventSet(nt.SpikeBatch([], [], [0], population=4), shape=(2.5, 2, 1)), "2.5"),
        (lambda: nt.data.torch_dataset(None), "NoneType"),
        (lambda: nt.data.events(None), "None"),
        (lambda: nt.data.EventSet(nt.SpikeBatch([], [], [0], population=3)).save("/none/there/x.npz"), "/none/there"),
        (lambda: nt.load(3), "3"),
        (lambda: nt.data.EventSet([1, 2]), "list"),
        (lambda: nt.data.load("minst"), "mnist"),
        (lambda: nt.data.load("mnist", "dev"), "dev"),
    ],
)
def test_what_is_wrong_is_named(call, named):
    with pytest.raises(nt.NoctuleError) as refused:
        call()
    assert named in str(refused.value)
