"""The result of a run on a GPU: written as it goes, so that a run that is cut off leaves all that it has measured."""

import json
import os
import signal
import subprocess
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

# How long a program that is told to stop may take, in seconds, before it is killed.
GRACE = 2.0
# Seconds between two looks at a running program, and between two writings of what it has printed so far.
LOOK, SAVE = 0.2, 5.0
# How many letters of what a failed program said are kept, of its beginning and of its end.
HEAD, TAIL = 400, 1000


class Stopped(Exception):
    """A signal asked to stop."""


class Record:
    """Runs programs, each with a time limit, and keeps what came of them in a JSON file."""

    def __init__(self, path: Path, seconds: float, hide: dict[str, str], **facts) -> None:
        self.path, self.hide = path, hide
        self.start = time.monotonic()
        self.deadline = self.start + seconds
        self.card = Card()
        self.data = {
            "format": 1,
            "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "state": "running",
            "seconds": 0.0,
            **facts,
            "machine": {},
            "steps": [],
        }
        self.save()

    def save(self) -> None:
        """All at once: a reader, or a kill, never meets half a file."""
        self.data["seconds"] = round(time.monotonic() - self.start, 1)
        draft = self.path.with_name(self.path.name + ".tmp")
        draft.write_text(json.dumps(self.data, indent=1) + "\n")
        os.replace(draft, self.path)

    def left(self) -> float:
        """Seconds until all has to be over."""
        return self.deadline - time.monotonic()

    def close(self, state: str) -> None:
        self.card.close()
        self.data["state"] = state
        self.save()

    def skip(self, kind: str, name: str, reason: str, about=None) -> None:
        self.data["steps"].append({"kind": kind, "name": name, "status": "skipped", **(about or {}), "reason": reason})
        print(f"  {name}: skipped, {reason}", flush=True)
        self.save()

    def step(
        self, kind: str, name: str, command: list, limit: float, read, environment=None, enough=None, least=5.0, about=None
    ) -> dict | None:
        """Runs `command` for at most `limit` seconds. `read` makes the result of what it has printed so far, or `None`.
        If `enough` says so, it is told to stop, and that is as good as an end. `about` is kept with it. Returns the result."""
        if self.left() < least:
            self.skip(kind, name, "no time was left", about)
            return None
        words = [self.shorten(str(word)) for word in command]
        step = {"kind": kind, "name": name, "status": "running", **(about or {}), "command": words}
        self.data["steps"].append(step)
        self.save()
        begin = time.monotonic()
        try:
            self.follow(step, [str(word) for word in command], min(limit, self.left()), read, environment, enough)
        except OSError as error:
            step.update(status="failed", reason=self.shorten(str(error)))
        except Stopped:
            step.update(status="interrupted", reason="a signal asked to stop")
            raise
        finally:
            step["seconds"] = round(time.monotonic() - begin, 2)
            step.update(self.card.between(begin, time.monotonic()))
            self.save()
            print(f"  {name}: {step['status']}, {step['seconds']:.1f} s {brief(step)}".rstrip(), flush=True)
        return step.get("result")

    def follow(self, step, command, limit, read, environment, enough) -> None:
        """Waits for a program, and keeps its result."""
        output = self.path.with_name(self.path.name + ".out.tmp")
        errors = self.path.with_name(self.path.name + ".err.tmp")
        with output.open("wb") as out, errors.open("wb") as err:
            running = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
                env={**os.environ, **(environment or {})},
            )  # fmt: skip
            try:
                ending = self.wait(step, running, limit, lambda: read(text(output)), enough)
            finally:
                stop(running)
                keep(step, read, text(output))
                said = text(errors)
                output.unlink(missing_ok=True)
                errors.unlink(missing_ok=True)
        if ending == "timeout":
            step.update(status="timeout", reason=f"it took more than {limit:.0f} s")
        elif ending == "enough" and step.get("result") is None:
            step.update(status="failed", reason="its time was over before there was anything")
        elif ending == "enough" or running.returncode == 0 and step.get("result") is not None:
            step["status"] = "ok"
        else:
            said = self.shorten(said.strip())
            said = said if len(said) <= HEAD + TAIL else f"{said[:HEAD]} ... {said[-TAIL:]}"
            step.update(status="failed", reason=f"exit status {running.returncode}: {said}".rstrip(": "))

    def wait(self, step, running, limit: float, read, enough) -> str:
        begin = saved = time.monotonic()
        while running.poll() is None:
            time.sleep(LOOK)
            now = time.monotonic()
            if now - begin > limit:
                return "timeout"
            if enough and enough():
                return "enough"
            if now - saved > SAVE:
                saved = now
                keep(step, lambda _: read(), "")
                self.save()
        return "end"

    def shorten(self, words: str) -> str:
        """Folders of this machine are of no use elsewhere."""
        for folder, name in self.hide.items():
            words = words.replace(folder, name)
        return words


def brief(step: dict) -> str:
    """Why a step is not over, in a line: the error of a program, if it has named one, else the beginning of what it said."""
    reason = step.get("reason", "")
    named = [line for line in reason.splitlines() if line.startswith("error: ")]
    return " ".join((named[-1] if named else reason).split())[:300]


def keep(step: dict, read, printed: str) -> None:
    """What a program has printed may be cut off anywhere."""
    try:
        result = read(printed)
    except (ValueError, KeyError, IndexError, TypeError, OSError):
        return
    if result is not None:
        step["result"] = result


def text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def stop(running: subprocess.Popen) -> None:
    """Asks a program and all that it started to stop, and makes them."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if running.poll() is not None:
            return
        try:
            os.killpg(running.pid, number)
            running.wait(GRACE)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def stop_on_signals() -> None:
    """Ctrl-C, a hang-up and a polite kill raise `Stopped`; what comes after the first is ignored while all is tidied up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def raise_stopped(*_) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    for number in numbers:
        signal.signal(number, raise_stopped)


class Card:
    """Memory and clock of the first NVIDIA card, twice a second, as long as `nvidia-smi` is there to tell them."""

    QUERY = ["nvidia-smi", "--id=0", "--query-gpu=memory.used,clocks.sm", "--format=csv,noheader,nounits", "--loop-ms=500"]

    def __init__(self) -> None:
        self.seen: list[tuple[float, float, float]] = []
        try:
            self.program = subprocess.Popen(
                self.QUERY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True, start_new_session=True,
            )  # fmt: skip
        except OSError:
            self.program = None
            return
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        for line in self.program.stdout:
            try:
                memory, clock = (float(part) for part in line.split(","))
            except ValueError:
                continue
            self.seen.append((time.monotonic(), memory, clock))

    def between(self, begin: float, end: float) -> dict:
        """The most of both, if anything was seen."""
        seen = [figures for figures in list(self.seen) if begin <= figures[0] <= end]
        if not seen:
            return {}
        return {"card_memory_mib": max(memory for _, memory, _ in seen), "card_clock_mhz": max(clock for _, _, clock in seen)}

    def close(self) -> None:
        if self.program:
            self.program.kill()
            self.program.wait()
