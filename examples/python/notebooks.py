#!/usr/bin/env python3
"""Makes notebooks of the examples: `examples/python/notebooks.py [--execute] [NAME...]`, into a folder that git ignores.

Needs `pip install nbformat`, and with --execute `pip install nbclient ipykernel`. VS Code, PyCharm, Spyder and jupytext open the
examples as notebooks without this, since their cells begin with `# %%`.
"""

import argparse
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Lines that mark parts for the guide.
MARK = re.compile(r"^# ANCHOR(_END)?: .*\n", re.MULTILINE)


def cells(text: str) -> "list[tuple[str, str]]":
    """The cells of a script in the percent format: kind and text."""
    found = []
    for part in re.split(r"^# %%", MARK.sub("", text), flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        if head.strip() == "[markdown]":
            lines = [re.sub(r"^# ?", "", line) for line in body.strip().split("\n")]
            found.append(("markdown", "\n".join(lines)))
        elif head.strip():
            sys.exit(f"there is a cell `# %%{head}`; cells are `# %%` and `# %% [markdown]`")
        elif body.strip():
            found.append(("code", body.strip("\n").rstrip()))
    return found


def notebook(script: Path):
    import nbformat.v4 as v4

    made = v4.new_notebook()
    for index, (kind, text) in enumerate(cells(script.read_text(encoding="utf-8"))):
        cell = v4.new_markdown_cell(text) if kind == "markdown" else v4.new_code_cell(text)
        cell["id"] = f"{script.stem}-{index}"
        made.cells.append(cell)
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made.metadata["language_info"] = {"name": "python"}
    return made


def main() -> None:
    scripts = sorted(path.stem for path in HERE.glob("*.py") if path.name != Path(__file__).name)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(scripts)}; default: all")
    parser.add_argument("--execute", action="store_true", help="runs the notebooks, so that they show results and pictures")
    parser.add_argument("--out", type=Path, default=HERE / "notebooks", help="the folder; default: notebooks, beside this file")
    given = parser.parse_args()
    for name in given.names or scripts:
        if name not in scripts:
            sys.exit(f"there is no example `{name}`; there are {', '.join(scripts)}")
        made = notebook(HERE / f"{name}.py")
        if given.execute:
            from nbclient import NotebookClient

            NotebookClient(made, timeout=600, kernel_name="python3", coalesce_streams=True).execute()
        import nbformat

        nbformat.validate(made)
        given.out.mkdir(parents=True, exist_ok=True)
        path = given.out / f"{name}.ipynb"
        nbformat.write(made, path)
        print(path)


if __name__ == "__main__":
    main()
