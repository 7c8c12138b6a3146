"""Starts the processes of the assistant, watches them and stops them: what `make chat` and `make shell` run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO

from bot.command.quiet import QUIET
from bot.engine.training.models import MODELS, model_or_raise, needs_training, remember_asks
from bot.stores import book
from xiaoer import clock, settings
from xiaoer.errors import NotReady
from xiaoer.settings import ROOT, private_folder

STOP_SECONDS = 10.0
# What one message multiplies is too small to share: threads that wait for each other spin, and a turn costs half as much
# again. The other cores have other messages, and the action server.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
START_SECONDS = 120.0


def environment(**more: str) -> dict[str, str]:
    """The environment of every Rasa process we start: no telemetry, no chatter, action server on loopback."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **inherited,
        **QUIET,
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": str(ROOT),
        "SANIC_HOST": "127.0.0.1",
        **more,
    }


def say(text: str) -> None:
    print(text, flush=True)


def _folder(folder: Path) -> None:
    try:
        private_folder(folder)
    except OSError as error:
        raise NotReady(f"文件夹 {folder} 建不了（{error.strerror}）。请检查权限，或用 XIAOER_VAR 换个地方。") from None


def free_or_raise(port: int, variable: str) -> None:
    """Raises NotReady when something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise NotReady(
                f"端口 {port} 已被占用。请先停掉占用它的程序，或换一个端口：{variable}={port + 1} make chat"
            ) from None


def listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Service:
    """A child process with its log file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, name: str, *arguments: str, **more: str) -> Service:
        log = settings.var("log", f"{name}.log")
        _folder(log.parent)
        with log.open("wb") as out:
            # A session of its own: Ctrl-C reaches us alone, and we stop the children in order.
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=environment(**more), stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return cls(name, process, log)

    def alive_or_raise(self) -> None:
        """Raises NotReady with the end of the log when the process has died."""
        code = self.process.poll()
        if code is not None:
            raise NotReady(f"{self.name} 停了（退出码 {code}）。日志 {self.log} 的最后几行：\n{tail(self.log)}")

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def wait_for(what: str, ready: Callable[[], bool], *services: Service, seconds: float = START_SECONDS) -> None:
    """Waits, showing the seconds. Raises NotReady when a service dies or the time is over."""
    with Progress(what) as progress:
        started = time.monotonic()
        while not ready():
            for service in services:
                service.alive_or_raise()
            if time.monotonic() - started > seconds:
                logs = "、".join(str(service.log) for service in services)
                raise NotReady(f"{what}：等了 {seconds:.0f} 秒还没有好。请看日志 {logs}")
            progress.show()
            time.sleep(0.2)


class Progress:
    """One line that counts the seconds; on a terminal it rewrites itself."""

    def __init__(self, what: str, out: IO[str] | None = None) -> None:
        self._what = what
        self._out = out or sys.stdout
        self._shown = 0

    def __enter__(self) -> Progress:
        self._started = time.monotonic()
        self._out.write(f"{self._what} …")
        self._out.flush()
        return self

    def show(self) -> None:
        seconds = int(time.monotonic() - self._started)
        if seconds > self._shown:
            self._shown = seconds
            if self._out.isatty():
                self._out.write(f"\r{self._what} … {seconds} 秒")
            elif seconds % 5 == 0:
                self._out.write(f" {seconds} 秒")
            self._out.flush()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        seconds = time.monotonic() - self._started
        end = f" 好了（{seconds:.1f} 秒）" if kind is None else " 没有成功"
        self._out.write(f"\r{self._what} …{end}\n" if self._out.isatty() else f"{end}\n")
        self._out.flush()


def training(folder: Path) -> list[str]:
    """Python's arguments that train a new model into a folder; the model's name tells when."""
    name = time.strftime("xiaoer-%Y%m%d-%H%M%S")
    # --force: Rasa's cache does not see a change of our code.
    return ["-m", "rasa", "train", "--fixed-model-name", name, "--out", str(folder), "--skip-validation", "--force"]


def train(*, force: bool = False) -> Path:
    """Trains where the model is older than what it is made of (`make lint` validates the data).

    Raises NotReady with the end of the log on failure.
    """
    reason = "asked for" if force else needs_training()
    if reason:
        say(f"需要训练：{reason}")
        service = Service.start("train", *training(MODELS))
        try:
            wait_for("训练模型", lambda: service.process.poll() == 0, service, seconds=1800)
        finally:
            service.stop()
        remember_asks()
        for old in sorted(MODELS.glob("xiaoer-*.tar.gz"))[:-2]:
            old.unlink()
    return model_or_raise()


def database() -> None:
    """Brings the policy database up to date; fills the demo accounts where there are none, and says when theirs is old."""
    from actions.policydb import admin

    with Progress("演示数据库"):
        found = admin.prepare()
    for each in _out_of_date(found["anchor"], found["missing"]):
        say(each)


def _out_of_date(anchor: date | None, missing: Sequence[str]) -> Iterator[str]:
    """What a person should know of demo data that was not made today by this version."""
    from actions.policydb.demo.seed import FRESH_DAYS

    again = "xiaoer db seed 重造（演示账号在对话里办过的事会清掉）"
    if anchor is not None and not 0 <= (clock.today() - anchor).days < FRESH_DAYS:
        yield f"演示数据是 {anchor:%Y-%m-%d} 造的，订单和理赔的日期从那天往回数；{again}"
    if missing:
        yield f"演示数据是旧版本造的，缺账号 {'、'.join(missing)}；{again}"


def action_server() -> Service:
    """Starts the action server on the loopback address. Raises NotReady when its port is taken."""
    port = settings.port("ACTION_PORT")
    free_or_raise(port, "ACTION_PORT")
    return Service.start(
        "actions", "-m", "rasa_sdk", "--actions", "actions", "--port", str(port),
        "--logging-config_file", str(ROOT / "actions" / "logging.yml"),
    )  # fmt: skip


def endpoints_file() -> Path:
    """endpoints.yml, or a copy of it for an action server on another port."""
    port = settings.port("ACTION_PORT")
    original = ROOT / "endpoints.yml"
    if port == 5055:
        return original
    copy = settings.var("endpoints.yml")
    _folder(copy.parent)
    copy.write_text(
        original.read_text(encoding="utf-8").replace("127.0.0.1:5055", f"127.0.0.1:{port}"), encoding="utf-8"
    )
    return copy


def rasa_server(port: int) -> Service:
    """Starts the server with the channels of credentials.yml, in demo mode, on the loopback address."""
    return Service.start(
        "rasa", "-m", "bot.engine", "--interface", "127.0.0.1", "--port", str(port),
        "--endpoints", str(endpoints_file()), XIAOER_DEMO="1", **ONE_THREAD,
    )  # fmt: skip


def kept() -> str:
    """Where conversations are kept, in words, after trying it. Raises SettingError, StoreError."""
    where = book.writable_place()
    return "只放在内存里，停了就忘" if where is None else f"存在 {where.render_as_string()}"


def ready(port: int) -> bool:
    """Whether the server says that it can be used."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def _stop_on_signals() -> None:
    """Whoever ends us by a signal (a closed terminal, a supervisor) wants the children stopped as well."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


def chat() -> int:
    """Everything `make chat` does; returns when it is stopped. Raises NotReady when something cannot start or dies."""
    _stop_on_signals()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a process started in the background would ignore it
    port = settings.port("PORT")
    free_or_raise(port, "PORT")
    conversations = kept()
    train()
    services: list[Service] = []
    try:
        services.append(rasa_server(port))  # it takes the longest, and looks at no database before it is ready
        database()
        services.append(action_server())
        wait_for("启动动作服务和 Rasa", lambda: ready(port), *services)
        say(
            f"\n险小二好了。用浏览器打开：\n"
            f"  买家订单页  http://127.0.0.1:{port}/\n"
            f"  卖家后台    http://127.0.0.1:{port}/seller\n"
            f"  公开页面    http://127.0.0.1:{port}/public\n"
            f"对话{conversations}；日志在 {settings.var('log')}。按 Ctrl-C 停止。"
        )
        while True:
            for service in services:
                service.alive_or_raise()
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("\n正在停止 …")
        return 0
    finally:
        for service in reversed(services):
            service.stop()


def shell(conversation: str) -> int:
    """`rasa shell` as the given asker, with the action server behind it. Returns the shell's exit code."""
    _stop_on_signals()
    port = settings.port("PORT")
    free_or_raise(port, "PORT")
    kept()
    train()
    database()
    actions = action_server()
    try:
        wait_for("动作服务", lambda: listening(settings.port("ACTION_PORT")), actions)
        say(f"以 {conversation} 的身份开始对话（/stop 结束）。Rasa 装载约需十几秒 …")
        console = subprocess.Popen(
            [sys.executable, "-m", "rasa", "shell", "--conversation-id", conversation, "-i", "127.0.0.1",
             "--port", str(port), "--endpoints", str(endpoints_file())],
            cwd=ROOT, env=environment(),
        )  # fmt: skip
        while console.poll() is None:
            try:
                actions.alive_or_raise()
                time.sleep(0.5)
            except KeyboardInterrupt:
                continue  # the shell has got it too, and ends by itself
            except (NotReady, SystemExit):
                console.terminate()
                console.wait(STOP_SECONDS)
                raise
        return int(console.returncode)
    finally:
        actions.stop()
