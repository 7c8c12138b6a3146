"""The processes of a bench: started in groups of their own, looked at through /proc, always ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 20.0
START_SECONDS = 240.0
TRAINING_SECONDS = 1500.0
PORTS = range(15000, 16000)
_TICKS = os.sysconf("SC_CLK_TCK")
_asked = PORTS.start


class NotStarted(RuntimeError):
    """A process ended or did not become ready; says which, with the end of its log."""


# ------------------------------------------------------------------ /proc


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(pid: int) -> dict[str, float]:
    """{"pss", "rss"} of a process in MB; zeros when it is gone."""
    found = {"pss": 0.0, "rss": 0.0}
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return found
    for line in lines:
        name, _, rest = line.partition(":")
        if name.lower() in found:
            found[name.lower()] = int(rest.split()[0]) / 1024
    return found


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return sorted(found)


def family(pid: int) -> list[int]:
    """A process and all that come from it."""
    found = [pid]
    for each in found:
        found += children(each)
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


# ------------------------------------------------------------------ ports, readiness


def free_port() -> int:
    """A port of ours nobody listens on. Raises NotStarted when there is none."""
    global _asked
    for port in (*range(_asked, PORTS.stop), *range(PORTS.start, _asked)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _asked = port + 1
        return port
    raise NotStarted(f"no port between {PORTS.start} and {PORTS.stop} is free")


def answers(url: str) -> bool:
    """Whether a GET gets 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


# ------------------------------------------------------------------ running


@dataclass
class Running:
    """A system under measurement. parts: {"server": pids, "actions": pids, ...}; ready_seconds: from start to ready."""

    url: str
    parts: dict[str, list[int]]
    ready_seconds: float

    def memory(self) -> dict[str, dict[str, float]]:
        """By part {"pss", "rss"} in MB, and of server and action server together as "all"."""
        found = {}
        for part, pids in self.parts.items():
            each = [memory_mb(pid) for pid in pids]
            found[part] = {name: round(sum(one[name] for one in each), 1) for name in ("pss", "rss")}
        counted = [found[part] for part in ("server", "actions") if part in found]
        found["all"] = {name: round(sum(one[name] for one in counted), 1) for name in ("pss", "rss")}
        return found

    def pids(self) -> list[tuple[str, int]]:
        return [(part, pid) for part, pids in self.parts.items() for pid in pids]


@contextmanager
def started(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a group of its own; at the end all that came from it are ended, however it went."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the process to end, waits, then kills what is left of it and of all that it started."""
    known = {pid: command_of(pid) for pid in family(process.pid)} if process.poll() is None else {}
    if known:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            known |= {pid: command_of(pid) for pid in family(process.pid)}
    for pid, command in known.items():
        # The same number and the same command: it is still the one that was started here.
        if pid != process.pid and command and command_of(pid) == command:
            _kill(pid)
    if process.poll() is None:
        process.kill()
        process.wait()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait(ready: Callable[[], bool], *watched: tuple[subprocess.Popen[bytes], Path], every: float = 0.1) -> None:
    """Waits until it is ready. Raises NotStarted when a process has ended or the time is over."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        for process, log in watched:
            if process.poll() is not None:
                raise NotStarted(f"a process ended with exit code {process.returncode}:\n{_end(log)}")
        if time.monotonic() > deadline:
            raise NotStarted("\n".join(f"not ready after {START_SECONDS:.0f} s:\n{_end(log)}" for _, log in watched))
        time.sleep(every)


def _end(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


def spent(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    seconds: float = TRAINING_SECONDS,
    stdin: Path | None = None,
) -> tuple[int, float, float]:
    """Runs a command to its end: its exit code, its seconds and its peak resident memory in MB. Raises TimeoutError."""
    with log.open("wb") as out, (stdin or Path(os.devnull)).open("rb") as given:
        begun = time.monotonic()
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(env), stdin=given, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return process.returncode, time.monotonic() - begun, used.ru_maxrss / 1024
            if time.monotonic() - begun > seconds:
                raise TimeoutError(f"{command[0]} was stopped after {seconds:.0f} s")
            time.sleep(0.05)
    except BaseException:  # an interrupted bench leaves nothing running
        stop(process)
        raise
