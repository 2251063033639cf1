"""Checks a wheel: its tags, its size, and what lies in it.

usage: python-wheel.py WHEEL
"""

import sys
import zipfile
from pathlib import Path

LARGEST = 15_000_000

wheel = Path(sys.argv[1])
_, version, python, abi, platform = wheel.stem.split("-")
size = wheel.stat().st_size
names = zipfile.ZipFile(wheel).namelist()
print(f"{wheel.name}: {size / 1e6:.1f} MB, {len(names)} files")

problems = []
if (python, abi) != ("cp39", "abi3"):
    problems.append(f"it is for {python}-{abi}, not for every Python from 3.9 on (cp39-abi3)")
if platform.startswith("linux_"):
    problems.append(f"it is for {platform}, which PyPI refuses; it links to something that not every Linux has")
if size > LARGEST:
    problems.append(f"it is larger than {LARGEST / 1e6:.0f} MB")
for needed in ("noctule/__init__.py", "noctule/py.typed", "noctule/_noctule.pyi", "entry_points.txt", "LICENSE-MIT"):
    if not any(name.endswith(needed) for name in names):
        problems.append(f"it lacks {needed}")
unwanted = [name for name in names if "test" in name or name.endswith((".rs", ".so.lock")) or "__pycache__" in name]
if unwanted:
    problems.append(f"it has {', '.join(unwanted)}")
for problem in problems:
    print(f"problem: {problem}")
sys.exit(bool(problems))
