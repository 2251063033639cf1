"""Fills the code that chapters show of examples, so that it is always what runs.

usage: snippets.py [--check]: with --check nothing is written, and the status is 1 if a chapter shows other code.

A chapter says what a block shows in a comment above it, `<!-- examples/python/first_steps.py:network -->`; the lines stand between
`# ANCHOR: network` and `# ANCHOR_END: network`. mdBook's {{#include}} would do for the book, but not where chapters are read as
they are.
"""

import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BLOCK = re.compile(r"(<!-- ([\w./-]+\.py):(\w+) -->\n)```python\n.*?```\n", re.DOTALL)


def snippet(path: str, anchor: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    found = re.search(rf"^ *# ANCHOR: {anchor}\n(.*?)^ *# ANCHOR_END: {anchor}$", text, re.DOTALL | re.MULTILINE)
    if found is None:
        sys.exit(f"{path} has no `# ANCHOR: {anchor}` with its end")
    return textwrap.dedent(found[1]).strip("\n") + "\n"


def main() -> None:
    check = sys.argv[1:] == ["--check"]
    wrong = []
    for chapter in sorted((ROOT / "docs/guide/src").glob("*.md")):
        text = chapter.read_text(encoding="utf-8")
        filled = BLOCK.sub(lambda found: f"{found[1]}```python\n{snippet(found[2], found[3])}```\n", text)
        if filled != text:
            wrong.append(chapter.name)
            if not check:
                chapter.write_text(filled, encoding="utf-8")
    if wrong:
        print("differs from its examples:" if check else "filled:", *wrong)
    sys.exit(1 if check and wrong else 0)


main()
