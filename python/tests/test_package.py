"""The package: versions, documents, types, names."""

from __future__ import annotations

import importlib.metadata
import inspect
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

import noctule as nt

ROOT = Path(__file__).resolve().parents[2]


def test_versions_agree():
    manifest = ROOT / "Cargo.toml"
    if not manifest.exists():
        pytest.skip("the sources are not here")
    version = re.search(r'^version = "(.*)"', manifest.read_text(), re.M)
    assert version is not None and version[1] == nt.__version__
    try:
        assert importlib.metadata.version("noctule") == nt.__version__
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package is used without being installed")


def test_every_public_name_teaches():
    for name in nt.__all__:
        if name in ("nir", "to_nir", "from_nir", "plot", "torch", "__version__"):
            continue
        thing = getattr(nt, name)
        text = pydoc.render_doc(thing)
        assert len(inspect.getdoc(thing) or "") > 20, name
        assert "dataclass" not in text.splitlines()[0]
    for method, member in vars(nt.Network).items():
        if not method.startswith("_") and callable(member):
            assert inspect.getdoc(member), method


def test_everything_can_be_looked_at_without_the_other_libraries():
    script = """
import sys
for name in ("torch", "matplotlib", "nir"):
    sys.modules[name] = None
import inspect
import noctule
from noctule import *
inspect.getmembers(noctule)
import pydoc
pydoc.render_doc(noctule)
try:
    noctule.torch
except ImportError as error:
    print("pip install" in str(error))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "True", done.stderr


def test_errors_are_value_errors():
    for name, error in vars(nt.errors).items():
        if isinstance(error, type):
            assert issubclass(error, nt.NoctuleError) and issubclass(error, ValueError)
            assert inspect.getdoc(error), name


def test_the_document_runs(tmp_path, monkeypatch, capsys):
    """The blocks of docs/python.md, one after the other."""
    pytest.importorskip("torch")
    document = ROOT / "docs" / "python.md"
    if not document.exists():
        pytest.skip("the sources are not here")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for block in re.findall(r"```python\n(.*?)```", document.read_text(), re.S):
        exec(compile(block, str(document), "exec"), names)
    assert "Record(" in capsys.readouterr().out


def test_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for path in (ROOT / "README.md", ROOT / "python" / "README.md"):
        if not path.exists():
            pytest.skip("the sources are not here")
        blocks = re.findall(r"```python\n(.*?)```", path.read_text(), re.S)
        ours = [block for block in blocks if "import noctule" in block]
        assert ours, path
        for block in ours:
            exec(compile(block, str(path), "exec"), {"__name__": "__main__"})
    assert "accuracy" in capsys.readouterr().out
