"""The examples of examples/python run as scripts, become notebooks, and the guide shows what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "python"
pytestmark = pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not part of this source")

#: The longest that an example may take, in seconds. On two quiet cores it is a tenth of it.
LIMIT = 300
#: What each example needs, and the pictures that it draws.
NEEDS = {
    "first_steps": ("matplotlib", ["curves", "decision", "latency", "membrane", "raster"]),
    "in_the_loop": ("numpy", []),
    "nir_round_trip": ("nir", []),
    "own_data": ("matplotlib", ["curves", "events", "latency"]),
    "torch_layer": ("torch", []),
}


def run(command, folder, **variables):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MPLBACKEND": "agg", **variables}
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def test_every_example_is_known_and_listed():
    names = {path.stem for path in EXAMPLES.glob("*.py")} - {"notebooks"}
    assert names == set(NEEDS)
    listed = set(re.findall(r"\[(\w+)\.py\]\(\1\.py\)", (EXAMPLES / "README.md").read_text(encoding="utf-8")))
    assert listed == names


@pytest.mark.slow
@pytest.mark.parametrize("name", NEEDS)
def test_an_example_runs_and_its_claim_holds(name, tmp_path):
    library, pictures = NEEDS[name]
    pytest.importorskip(library)
    options = ["--figures", tmp_path / "pictures"] if pictures else []
    done = run([EXAMPLES / f"{name}.py", *options], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    drawn = sorted(path.stem for path in (tmp_path / "pictures").glob("*.png")) if pictures else []
    assert drawn == pictures
    # Nothing else is left behind.
    assert [path.name for path in tmp_path.iterdir()] == (["pictures"] if pictures else [])


def test_examples_become_notebooks(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    done = run([EXAMPLES / "notebooks.py", "--out", tmp_path], tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in tmp_path.glob("*.ipynb")} == set(NEEDS)
    for name in NEEDS:
        cells = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4).cells
        assert cells[0].cell_type == "markdown" and cells[0].source.startswith("# ")
        script = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        lines = {line.rstrip() for line in script.splitlines()}
        for cell in cells:
            assert "ANCHOR" not in cell.source and "# %%" not in cell.source
            if cell.cell_type == "code":
                compile(cell.source, name, "exec")
                assert {line.rstrip() for line in cell.source.splitlines()} <= lines
    done = run([EXAMPLES / "notebooks.py", "nothing"], tmp_path)
    assert done.returncode != 0 and "there is no example `nothing`" in done.stderr


@pytest.mark.slow
def test_a_notebook_runs(tmp_path):
    for library in ("nbformat", "nbclient", "ipykernel", "matplotlib"):
        pytest.importorskip(library)
    # In a notebook, Jupyter chooses how pictures are shown.
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "notebooks.py"), "--execute", "--out", str(tmp_path), "own_data"],
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"image/png"' in (tmp_path / "own_data.ipynb").read_text(encoding="utf-8")


def test_the_guide_shows_what_the_examples_say():
    script = ROOT / "docs" / "guide" / "scripts" / "snippets.py"
    done = run([script, "--check"], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted([*EXAMPLES.glob("*.py"), *(ROOT / "benches" / "peers").glob("tutorial*.py")]))
def test_examples_are_python_39_without_private_paths(path):
    import ast

    text = path.read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 9))
    assert not re.search(r"/(work|home|root|tmp)/", text)
    assert all(len(line) <= 130 for line in text.splitlines())
