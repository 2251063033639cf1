#!/usr/bin/env python3
"""Tests of the runner's record and of the report: `python3 -m unittest discover -s benches/gpu`. Needs no GPU."""

import copy
import json
import sys
import tempfile
import unittest
from pathlib import Path

import report
from record import Record, brief
from steps import read_batteries, read_replay

HERE = Path(__file__).resolve().parent
TRIAL = json.loads((HERE / "fixtures" / "trial.json").read_text())


class Reports(unittest.TestCase):
    def test_the_report_that_lies_here_is_up_to_date(self) -> None:
        results = HERE / "results.json"
        expected = report.report(json.loads(results.read_text())) if results.exists() else report.without_result()
        self.assertEqual((HERE / "RESULTS.md").read_text(), expected)

    def test_a_file_that_is_no_result_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result.json"
            for text, said in [('{"format": 1, "ste', "not whole JSON"), ("[1]", "not a result"), ("{}", "not a result")]:
                path.write_text(text)
                with self.assertRaisesRegex(ValueError, said):
                    report.read(path)

    def test_without_a_result_the_model_is_named_as_one(self) -> None:
        told = report.without_result()
        for part in ("No GPU was at hand", "are an estimate", "465,000", "63,000", "134,000"):
            self.assertIn(part, told)

    def test_a_trial_is_no_measurement(self) -> None:
        told = report.report(TRIAL)
        self.assertIn("nothing here is a measurement", told)
        self.assertNotIn("150,000", told)
        for part in ("NVIDIA Fake 1000", "Batteries: 6 passed", "## Training", "`sort_tiles`", "SpikingJelly 9.9"):
            self.assertIn(part, told)

    def test_a_measurement_stands_beside_marks_model_and_the_processors_record(self) -> None:
        result = copy.deepcopy(TRIAL)
        result["quick"] = False
        bench = next(step for step in result["steps"] if step["kind"] == "bench")
        bench["result"]["train_samples_per_second"] = 300000.0
        told = report.report(result)
        for part in ("150,000 (2.00)", "465,000 (0.65)", "300.0x"):
            self.assertIn(part, told)
        # The first epoch of the recorded run.
        self.assertIn("78.40 %", told)

    def test_whatever_was_cut_off_can_be_told(self) -> None:
        for length in range(len(TRIAL["steps"]) + 1):
            result = {**TRIAL, "state": "running", "machine": {}, "steps": copy.deepcopy(TRIAL["steps"][:length])}
            if length:
                result["steps"][-1]["status"] = "running"
                result["steps"][-1].pop("result")
                self.assertIn(f"* {result['steps'][-1]['name']}: running", report.report(result))
            self.assertTrue(report.report(result).startswith("# The GPU engine"))

    def test_records_from_zero_are_counted_from_one(self) -> None:
        self.assertEqual(min(report.recorded_epochs("mnist-count", 0)), 1)


class Steps(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "result.json"
        self.record = Record(self.path, 60.0, {folder.name: "WORK"}, backend="gpu", quick=True)
        self.addCleanup(self.record.card.close)

    def run_step(self, program: str, limit: float = 50.0, read=json.loads, **more) -> dict:
        self.record.step("bench", "a step", [sys.executable, "-c", program, self.path.parent], limit, read, **more)
        return json.loads(self.path.read_text())["steps"][-1]

    def test_a_result_is_kept(self) -> None:
        step = self.run_step("print('[1]')", about={"batch": 50})
        self.assertEqual((step["status"], step["result"], step["batch"]), ("ok", [1], 50))
        self.assertEqual(step["command"][-1], "WORK")

    def test_a_failure_is_kept_and_the_next_step_follows(self) -> None:
        step = self.run_step("import sys; sys.exit(f'nothing in {sys.argv[1]}')")
        self.assertEqual((step["status"], step["reason"]), ("failed", "exit status 1: nothing in WORK"))
        step = self.run_step("import sys; print('x' * 5000, file=sys.stderr); sys.exit('error: no memory')")
        self.assertLess(len(step["reason"]), 1500)
        self.assertEqual(brief(step), "error: no memory")
        self.assertEqual(self.run_step("print('no JSON')")["status"], "failed")
        self.record.step("bench", "none", [self.path.parent / "none"], 5.0, json.loads)
        self.assertEqual(json.loads(self.path.read_text())["steps"][-1]["status"], "failed")
        self.assertEqual(self.run_step("print(2)")["status"], "ok")

    def test_a_step_that_hangs_keeps_what_it_has_printed(self) -> None:
        lines = '{"battery": "a", "passed": true, "seconds": 0.1, "problem": null}\\n{"batt'
        step = self.run_step(f"import time; print('{lines}', end='', flush=True); time.sleep(600)", 6.0, read_batteries)
        self.assertEqual((step["status"], step["result"]["passed"]), ("timeout", 1))

    def test_enough_is_as_good_as_an_end(self) -> None:
        program = "import time; print('3', flush=True); time.sleep(600)"
        output = self.path.with_name("result.json.out.tmp")
        step = self.run_step(program, enough=lambda: output.read_text() != "")
        self.assertEqual((step["status"], step["result"]), ("ok", 3))

    def test_without_time_a_step_is_skipped(self) -> None:
        step = self.run_step("print(1)", least=61.0)
        self.assertEqual((step["status"], step["reason"]), ("skipped", "no time was left"))

    def test_verdicts_of_replay_are_read(self) -> None:
        printed = "failed: case 3: a time\n31 cases passed, 1 failed, 2 without expectations\n"
        self.assertIsNone(read_replay(printed))
        found = read_replay(printed + "worst error of times: none compared; of gradients: 2.5e-4 of the largest entry\n")
        self.assertEqual((found["passed"], found["failed"], found["unjudged"]), (31, 1, 2))
        self.assertEqual((found["time_error"], found["gradient_error"]), (None, 2.5e-4))
        self.assertEqual(found["problems"], ["failed: case 3: a time"])


if __name__ == "__main__":
    unittest.main()
