#!/usr/bin/env python3
"""Writes experiments/results/studies/verdicts.md: one line for each claim that a recorded study tested.

    experiments/verdicts.py            # after a study directory was copied to experiments/results/studies/NAME
    experiments/verdicts.py --check    # status 1 if the file is not that of the recorded studies

A study is recorded by its study.json, study.md and pictures. Needs Python 3.11.
"""

import json
import sys
from pathlib import Path

STUDIES = Path(__file__).resolve().parent / "results" / "studies"
WORDS = {"holds": "holds", "holds-partly": "holds partly", "does-not-hold-here": "does not hold here"}


def lines() -> list[str]:
    """The file, line by line."""
    text = [
        "# Verdicts of the studies",
        "",
        "Generated from the `study.json` of each study. Test samples chose nothing.",
    ]
    for path in sorted(STUDIES.glob("*/study.json")):
        study = json.loads(path.read_text(encoding="utf-8"))
        source = study["provenance"]
        text += [
            "",
            f"## {study['title']}",
            "",
            f"`{source['command']}` on {source['machine']}, {source['seconds']:.0f} s, Noctule {source['version']}. "
            f"Tables and charts: `experiments/results/studies/{path.parent.name}/study.md`.",
            "",
        ]
        for verdict in study["verdicts"]:
            finding = WORDS[verdict["finding"]]
            text.append(f"* **{verdict['subject']}: {finding}.** {verdict['claim']} {verdict['evidence']}")
    return text


def main() -> None:
    path = STUDIES / "verdicts.md"
    text = "\n".join(lines()) + "\n"
    if "--check" in sys.argv[1:]:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path} is not that of the recorded studies; run experiments/verdicts.py")
        return
    path.write_text(text, encoding="utf-8")


main()
