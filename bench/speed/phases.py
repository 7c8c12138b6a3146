"""What is measured, phase by phase. Each phase returns the figures of its name; sizes and time budgets are in `Sizes`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine.url import make_url

from bench.speed import counting, orders
from bench.speed.conversations import KINDS, Cast, Conversation, Texts
from bench.speed.servers import processes, stock, systems
from bench.speed.servers.checkout import HERE
from bench.speed.servers.processes import Running
from bench.speed.servers.systems import Bench, drive
from bot.command import serve
from bot.command.serve import environment
from xiaoer.settings import ROOT

POSTGRESQL = os.environ.get("XIAOER_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1/postgres")
MOST_A_SECOND = 500  # turns that are prepared for a second of load; a faster server would run out of them
SEED = 7
GROWN_USERS = 16


@dataclass(frozen=True)
class Sizes:
    """How much is measured. Seconds are budgets: what is begun ends, then the phase goes on with what it has."""

    rounds: int = 2
    orders: int = 20_000
    regulars: int = 20
    turns: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 40) | {"knowledge": 200, "task": 80})
    turns_seconds: float = 25.0
    later: int = 20
    levels: tuple[int, ...] = (1, 16, 64, 200)
    level_seconds: float = 3.0
    saturating: int = 32
    spells: int = 2
    pairs: int = 10
    long_turns: int = 402
    long_conversations: int = 5
    long_seconds: float = 50.0
    order_counts: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    order_turns: int = 120
    warm_up: int = 2_500
    grown: int = 10_000
    grown_seconds: float = 200.0
    imports: int = 2
    asked: int = 1_000


QUICK = Sizes(
    rounds=1,
    orders=1_000,
    regulars=2,
    turns=dict.fromkeys(KINDS, 5) | {"knowledge": 30, "task": 10, "form": 6},
    turns_seconds=8,
    later=5,
    levels=(1, 16),
    level_seconds=2,
    spells=1,
    pairs=4,
    long_turns=52,
    long_conversations=1,
    long_seconds=15,
    order_counts=(1_000, 10_000),
    order_turns=20,
    warm_up=100,
    grown=300,
    grown_seconds=20,
    imports=1,
    asked=10,
)


@dataclass
class Work:
    """What the phases are given. sources: texts by kind; model: of stock Rasa, None to leave it out."""

    bench: Bench
    sizes: Sizes
    sources: dict[str, list[str]]
    filled: orders.Filled
    model: Path | None
    begun: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.begun:5.0f} s] {text}", flush=True)

    def cast(self) -> Cast:
        """The same conversations at every start of a server."""
        return Cast(Texts(self.sources), self.filled)

    @contextmanager
    def running(self, system: str, **more: Any) -> Iterator[Running]:
        self.say(f"starting {system}")
        if system == "stock":
            assert self.model is not None
            with systems.stock_rasa(self.bench, self.model) as running:
                yield running
        else:
            with systems.assistant(self.bench, **more) as running:
                yield running

    @property
    def systems(self) -> tuple[str, ...]:
        return ("ours", "stock") if self.model is not None else ("ours",)


# ------------------------------------------------------------------ both systems in turn


def turns(work: Work) -> dict[str, Any]:
    """Latency, load, saturation, long conversations, second messages, readiness, first message, memory after start."""
    rounds: dict[str, list[dict[str, Any]]] = {system: [] for system in work.systems}
    for place in range(work.sizes.rounds):
        for system in work.systems:
            with work.running(system) as running:
                rounds[system].append(Round(work, system, running).all(with_long=place == 0))
    found: dict[str, Any] = {}
    for system, each in rounds.items():
        for name, figures in counting.over_rounds(each).items():
            found.setdefault(name, {})[system] = figures
    found["conversations"] = {
        "seed": SEED,
        "rounds": work.sizes.rounds,
        "orders": work.sizes.orders,
        "texts": "none twice between two starts, but for the few words that open and answer a form",
    }
    return found


class Round:
    """One system between one start and its end."""

    def __init__(self, work: Work, system: str, running: Running) -> None:
        self._work, self._system, self._running = work, system, running
        self._sizes, self._cast = work.sizes, work.cast()
        self.problems: list[str] = []

    def all(self, *, with_long: bool) -> dict[str, Any]:
        self._say(f"ready after {self._running.ready_seconds:.1f} s")
        found: dict[str, Any] = {"ready": {"seconds": self._running.ready_seconds}}
        found["memory"] = {"after_start": self._running.memory()}
        found["first"] = self._first()
        found["latency"] = self._latency()
        found["mix"] = {str(users): self._level(users) for users in self._sizes.levels}
        found["throughput"] = self._saturated()
        found["second"] = self._second(counting.figure(found, "latency/knowledge/p50") or 0.0)
        if with_long:
            found["long"] = self._long()
        found["memory"]["after_round"] = self._running.memory()
        found["problems"] = {"count": len(self.problems), "first": "; ".join(self.problems[:3])}
        if self.problems:
            self._say(f"problems: {self.problems[:3]}")
        return found

    def _say(self, text: str) -> None:
        self._work.say(f"{self._system}: {text}")

    def _drive(self, users: Sequence[Sequence[Conversation]], seconds: float, *, pairs: bool = False) -> dict[str, Any]:
        plan = self._work.bench.plan(self._system, users)
        result = drive(self._work.bench, self._running, plan, seconds=seconds, pairs=pairs)
        self.problems += result["problems"]
        return result

    def _first(self) -> dict[str, float]:
        """The very first message, and the first messages of later conversations, each a visitor's question."""
        result = self._drive([self._cast.of("knowledge", 1 + self._sizes.later, length=1)], self._sizes.turns_seconds)
        first, *later = counting.times(result["turns"])
        self._say(f"first message {first:.0f} ms, later {counting.percentile(later, 50):.0f} ms")
        return {"first_ms": round(first, 2), "later_ms": round(counting.percentile(later, 50), 2)}

    def _latency(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind in KINDS:
            talk = self._cast.of(kind, self._sizes.turns[kind])
            said = self._drive([talk], self._sizes.turns_seconds)["turns"]
            found[kind] = counting.summary(counting.times(said, kind)) | _answered(said, kind)
        shown = ", ".join(f"{kind} {figures['p50']:.0f}/{figures['p99']:.0f}" for kind, figures in found.items())
        self._say(f"p50/p99 in ms: {shown}")
        return found

    def _level(self, users: int) -> dict[str, Any]:
        result, seconds = self._load(users)
        figures = counting.summary(counting.times(result["turns"]))
        figures["turns_a_second"] = round(counting.rate(result["turns"], seconds), 2)
        self._say(f"{users} users: p50 {figures['p50']:.0f} ms, {figures['turns_a_second']:.0f} turns/s")
        return figures

    def _load(self, users: int) -> tuple[dict[str, Any], float]:
        seconds = self._sizes.level_seconds
        each = int(MOST_A_SECOND * seconds / users) + 8
        return self._drive([self._cast.mix(user, each) for user in range(users)], seconds), seconds

    def _saturated(self) -> dict[str, Any]:
        """The best of a few spells, with the CPU of each process by turn."""
        spells = []
        for _ in range(self._sizes.spells):
            result, seconds = self._load(self._sizes.saturating)
            count = len(result["turns"])
            cpu = {part: round(1000 * used / count, 2) for part, used in result["cpus"].items()}
            cpu["driver"] = round(1000 * result["cpu"] / count, 2)
            spells.append({"turns_a_second": round(counting.rate(result["turns"], seconds), 2), "cpu_ms_a_turn": cpu})
        best = max(spells, key=lambda spell: spell["turns_a_second"])
        self._say(f"saturated: {best['turns_a_second']:.0f} turns/s, CPU ms a turn {best['cpu_ms_a_turn']}")
        return {"users": self._sizes.saturating, **best}

    def _second(self, alone: float) -> dict[str, Any]:
        talk = self._cast.of("knowledge", 2 * self._sizes.pairs)
        result = self._drive([talk], self._sizes.turns_seconds, pairs=True)
        found = counting.waits(result["turns"], alone)
        wait = counting.percentile(found, 50)
        self._say(f"second message waits {wait:.0f} ms")
        return {"wait_ms": round(wait, 2), "alone_ms": alone, "pairs": len(found)}

    def _long(self) -> dict[str, Any]:
        """Turn 4, 50, 200, 400 of one conversation, the median over conversations; how far it came in the time."""
        conversations = self._sizes.long_conversations if self._system == "ours" else 1
        reached, times = 0, []
        for _ in range(conversations):
            talk = [self._cast.visitor(["knowledge"] * self._sizes.long_turns)]
            said = self._drive([talk], self._sizes.long_seconds)["turns"]
            reached = max(reached, len(said))
            times.append([counting.around(said, place) for place in (4, 50, 200, 400)])
        found: dict[str, Any] = {"reached": reached, "conversations": conversations}
        for place, each in zip(("4", "50", "200", "400"), zip(*times, strict=True), strict=True):
            known = [ms for ms in each if ms is not None]
            if known:
                found[place] = counting.percentile(known, 50)
        self._say(f"long conversation: {found}")
        return found


def _answered(said: Sequence[counting.Turn], kind: str) -> dict[str, Any]:
    """How many of a kind's turns had no reply, and for a task, how many replies came from the custom action."""
    of_kind = [turn for turn in said if turn[0] == kind]
    found: dict[str, Any] = {"silent": sum(not turn[3] for turn in of_kind)}
    if kind == "task":
        # The action's reply begins with the order it speaks of, from both servers alike.
        found["by_the_action"] = sum(str(turn[4]).startswith("这单（") for turn in of_kind)
    return found


# ------------------------------------------------------------------ ours alone


def order_counts(work: Work) -> dict[str, Any]:
    """Task latency by how many orders the database has."""
    found: dict[str, Any] = {"sqlite": {}, "postgresql": {}}
    for count in work.sizes.order_counts:
        path = work.bench.path("orders.db")
        found["sqlite"][str(count)] = _tasks(work, f"sqlite:///{path}", count)
        path.unlink()
        with _postgresql(work) as url:
            if url is None:
                found["postgresql"] = {"skipped": "no PostgreSQL server on this machine"}
            else:
                found["postgresql"][str(count)] = _tasks(work, url, count)
    return {"orders": found}


def _tasks(work: Work, url: str, count: int) -> float:
    begun = time.monotonic()
    filled = orders.fill(url, count)
    kind = make_url(url).get_backend_name()
    work.say(f"{count} orders in {kind} written in {time.monotonic() - begun:.0f} s")
    cast = Cast(Texts(work.sources), filled)
    with work.running("ours", database=url) as running:
        talk = cast.of("task", work.sizes.order_turns, length=5)
        said = drive(work.bench, running, work.bench.plan("ours", [talk]), seconds=work.sizes.turns_seconds)["turns"]
    # The first conversation warms the connections up.
    ms = counting.percentile(counting.times(said[5:], "task"), 50)
    work.say(f"{count} orders in {kind}: a task takes {ms:.1f} ms")
    return round(ms, 2)


@contextmanager
def _postgresql(work: Work) -> Iterator[str | None]:
    """A database made and dropped again; None where there is no server."""
    import psycopg2

    name = f"bench_speed_{work.bench.key[:12]}"
    try:
        connection = psycopg2.connect(POSTGRESQL, connect_timeout=3)
    except psycopg2.OperationalError:
        yield None
        return
    with closing(connection):
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        try:
            yield POSTGRESQL.rsplit("/", 1)[0] + f"/{name}"
        finally:
            connection.cursor().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def memory(work: Work) -> dict[str, Any]:
    """Ours after a warm-up and after many turns; what stock Rasa takes is measured with its turns."""
    cast, found, said = work.cast(), {}, 0
    with work.running("ours") as running:
        found["started"] = running.memory()
        warm_up = min(work.sizes.warm_up, work.sizes.grown // 3)
        for name, count in (("after_warm_up", warm_up), ("after_turns", work.sizes.grown - warm_up)):
            talk = [cast.mix(user, count // GROWN_USERS) for user in range(GROWN_USERS)]
            result = drive(work.bench, running, work.bench.plan("ours", talk), seconds=work.sizes.grown_seconds)
            said += len(result["turns"])
            found[name] = running.memory()
            work.say(f"{said} turns, {found[name]['all']['pss']:.0f} MB PSS")
    after = found["after_turns"]["all"]["pss"]
    growth = {
        "since_warm_up": counting.growth(found["after_warm_up"]["all"]["pss"], after),
        "since_start": counting.growth(found["started"]["all"]["pss"], after),
        "turns": said,
    }
    work.say(f"growth: {growth}")
    return {"memory": {"ours": {**found, "turns": said}, "growth": growth}}


def train_ours(folder: Path, log: Path) -> dict[str, Any]:
    """One training of ours as `make train` does it: {"seconds", "peak_mb"}. Raises RuntimeError with the log's end."""
    command = [sys.executable, *serve.training(folder)]
    code, seconds, peak = processes.spent(command, cwd=ROOT, env=environment(), log=log)
    if code:
        raise RuntimeError(f"the training ended with exit code {code}:\n{log.read_text(encoding='utf-8')[-2000:]}")
    print(f"ours trained in {seconds:.0f} s", flush=True)
    return {"seconds": round(seconds, 1), "peak_mb": round(peak, 1)}


def training(work: Work, trained: stock.Trained | None, ours: dict[str, Any] | None) -> dict[str, Any]:
    """Both trainings. trained, ours: what has been measured already; stock Rasa's is kept with its model."""
    found = {"ours": ours or train_ours(work.bench.path("model"), work.bench.path("train.log"))}
    if trained is not None:
        found["stock"] = {
            "seconds": trained.seconds,
            "peak_mb": trained.peak_mb,
            "epochs": dict(trained.epochs),
            "phrases": trained.phrases,
            "epoch_seconds": dict(trained.epoch_seconds),
        }
    return {"training": found}


def ask(work: Work) -> dict[str, Any]:
    """`xiaoer ask` with one question and with many: questions a second once it runs, and what the start takes."""
    cast, seconds, many = work.cast(), {}, work.sizes.asked
    env = environment(POLICY_DATABASE_URL=work.bench.database, XIAOER_VAR=str(work.bench.folder / "var"))
    for count in (1, 1, many):  # the first start reads its files from the disk
        questions = work.bench.path("questions.txt")
        texts = [text.replace("\n", " ") for _, text in cast.visitor(["knowledge"] * count).turns]
        questions.write_text("\n".join(texts) + "\n", encoding="utf-8")
        command = HERE.command("ask", "--json")
        log = work.bench.path("ask.log")
        code, took, _ = processes.spent(command, cwd=ROOT, env=env, log=log, stdin=questions)
        seconds[count] = min(took, seconds.get(count, took))
        if code:
            raise RuntimeError(f"`xiaoer ask` ended with {code}:\n{log.read_text(encoding='utf-8')[-2000:]}")
    a_second = (many - 1) / (seconds[many] - seconds[1])
    work.say(f"xiaoer ask: {a_second:.0f} questions a second")
    return {"ask": {"a_second": round(a_second, 2), "one_seconds": round(seconds[1], 2), "questions": many}}


def floor(work: Work) -> dict[str, Any]:
    """The wire alone, and importing Rasa alone."""
    with systems.floor(work.bench) as running:
        cast = work.cast()
        plan = work.bench.plan("ours", [cast.of("knowledge", work.sizes.turns["knowledge"])])
        alone = drive(work.bench, running, plan, seconds=work.sizes.turns_seconds)
        users, seconds = work.sizes.saturating, work.sizes.level_seconds
        each = int(8 * MOST_A_SECOND * seconds / users)
        visitors = [[cast.visitor(["knowledge"] * 10) for _ in range(each // 10)] for _ in range(users)]
        loaded = drive(work.bench, running, work.bench.plan("ours", visitors), seconds=seconds)
        found = counting.summary(counting.times(alone["turns"]))
        found["turns_a_second"] = round(counting.rate(loaded["turns"], seconds), 1)
    work.say(f"floor: p50 {found['p50']:.2f} ms, {found['turns_a_second']:.0f} turns/s")
    imports = []
    for _ in range(work.sizes.imports):
        command = [sys.executable, "-c", "import rasa.core.agent"]
        imports.append(processes.spent(command, cwd=ROOT, env=environment(), log=work.bench.path("import.log"))[1])
    work.say(f"importing Rasa alone: {min(imports):.1f}-{max(imports):.1f} s")
    return {"floor": found, "ready": {"bare_import": counting.spread(imports)}}
