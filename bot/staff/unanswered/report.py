"""The report as a terminal, a program and a browser read it.

Questions come from people who may mean ill: `anonymous` has left one printable line of each, and the page's template
escapes all that it is given and allows no script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jinja2

from bot.staff.unanswered.grouping import Group, Grouped, Place, title
from bot.staff.unanswered.store import ROLES, Asked, anonymous
from knowledge import Knowledge
from xiaoer.errors import XiaoerError
from xiaoer.principal import ROLE_NAMES

DAYS = 30
EXAMPLES = 3
_ASIDE = re.compile(r"[（(；;]")
OUTCOME_NAMES = {"unknown": "没听懂或资料不足", "clarify": "反问是哪件事", "outside": "圈外", "useless": "评为没用"}


@dataclass(frozen=True)
class Report:
    """Groups and what they were made of. since, until: None for a list from standard input; role: None for all."""

    grouped: Grouped
    knowledge: Knowledge
    limit: int
    encoder: str | None
    since: date | None = None
    until: date | None = None
    role: str | None = None

    @property
    def groups(self) -> tuple[Group, ...]:
        """The most frequent, at most `limit`."""
        return self.grouped.groups[: self.limit]

    @property
    def command(self) -> str:
        """The command that makes this report again, for a draft to be added to."""
        if self.since is None or self.until is None:
            return "xiaoer report -"
        days = (self.until - self.since).days + 1
        return (
            "xiaoer report"
            + (f" --days {days}" if days != DAYS else "")
            + (f" --role {self.role}" if self.role else "")
        )

    @property
    def questions(self) -> int:
        return sum(group.count for group in self.grouped.groups) + self.grouped.left_out


def read_lines(lines: Iterable[str]) -> list[Asked]:
    """Questions, one a line: plain, or JSON {"text", "as"?}, of whose `as` only the role is kept. Raises XiaoerError."""
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            text, role = _line(line)
        except (ValueError, KeyError, TypeError) as error:
            raise XiaoerError(
                f'line {number}: expected a question or {{"text": "...", "as"?: "buyer"}}, got {line.strip()[:80]!r} ({error})'
            ) from None
        found.append(Asked(anonymous(text), role))
    return [each for each in found if each.text]


def _line(line: str) -> tuple[str, str]:
    if not line.lstrip().startswith("{"):
        return line, "visitor"
    data = json.loads(line)
    text, who = data["text"], data.get("as", "visitor")
    if not isinstance(text, str) or not isinstance(who, str):
        raise TypeError("text and as must be strings")
    role = who.partition(":")[0]
    if role not in ROLES:
        raise ValueError(f"as must be one of {', '.join(ROLES)}")
    return text, role


# ---------------------------------------------------------------------- JSON


def record(report: Report) -> dict[str, Any]:
    """What `--json` prints: {from, to, role, encoder, questions, left_out, groups_in_all, groups}."""
    return {
        "from": report.since and report.since.isoformat(),
        "to": report.until and report.until.isoformat(),
        "role": report.role,
        "encoder": report.encoder,
        "questions": report.questions,
        "left_out": report.grouped.left_out,
        "groups_in_all": len(report.grouped.groups),
        "groups": [_group_record(number, group) for number, group in enumerate(report.groups, 1)],
    }


def _group_record(number: int, group: Group) -> dict[str, Any]:
    return {
        "number": number,
        "group": group.id,
        "count": group.count,
        "by": {role: group.by.get(role, 0) for role in ROLES},
        "outcomes": {outcome: group.outcomes.get(outcome, 0) for outcome in OUTCOME_NAMES},
        "last": group.last and group.last.isoformat(),
        "examples": list(group.texts[:EXAMPLES]),
        "wordings": len(group.texts),
        "topic": group.topic,
        "product": group.product,
        "nearest": [_place_record(place) for place in group.nearest],
    }


def _place_record(place: Place) -> dict[str, Any]:
    return {"article": place.id, "title": place.title, "likeness": round(place.likeness, 2), "unknown": place.unknown}


# ---------------------------------------------------------------------- in words


def heading(report: Report) -> str:
    """What was read, in one sentence."""
    who = ROLE_NAMES[report.role] if report.role else ""
    if report.since is None or report.until is None:
        return f"输入的{who}问题 {report.questions} 句，归成 {len(report.grouped.groups)} 组"
    return (
        f"{report.since} 至 {report.until}，{who}没答上的问题 {report.questions} 次，"
        f"归成 {len(report.grouped.groups)} 组"
    )


def notes(report: Report) -> list[str]:
    """What a reader has to know about how the groups were made."""
    found = []
    if len(report.groups) < len(report.grouped.groups):
        found.append(f"只列问得最多的 {len(report.groups)} 组，要更多用 --limit。")
    if report.grouped.left_out:
        found.append(f"另有 {report.grouped.left_out} 次少见的问法没有参加分组；缩短 --days 可以看到。")
    if report.encoder is None:
        found.append("没有句向量，只按字分组，说法不同的同一件事会分开。")
    return found


def nothing(report: Report) -> str:
    """What is said when there is no question at all."""
    if report.since is None:
        return "输入里没有问题。一行写一句。"
    who = ROLE_NAMES[report.role] if report.role else ""
    return (
        f"{report.since} 至 {report.until} 没有{who}没答上的问题。\n"
        "挂件里没听懂、资料不足、圈外、反问是哪件事和被评为没用的问题会记在这里；也可以试一份自己的：xiaoer report - < 问题.txt"
    )


def counts(found: Mapping[str, int], names: Mapping[str, str]) -> str:
    """买家 3，访客 2: the commonest first, without zeros."""
    listed = sorted((name for name in names if found.get(name)), key=lambda name: -found[name])
    return "，".join(f"{names[name]} {found[name]}" for name in listed)


def guess(group: Group, knowledge: Knowledge) -> str:
    """What the replies took it for, and whether the knowledge has it; nothing where they took it for nothing."""
    if group.topic is None:
        return ""
    if group.topic in knowledge.outside:
        about = _ASIDE.split(knowledge.outside[group.topic], maxsplit=1)[0]
    elif group.product is not None and group.product in knowledge.products:
        about = title(knowledge, group.product, group.topic)
    else:
        about = knowledge.label(group.topic)
    return f"当时听成「{about}」{_state(knowledge, group)}"


def _state(knowledge: Knowledge, group: Group) -> str:
    key = (group.product or "", group.topic or "")
    if group.topic not in knowledge.knowledge_topics or group.product is None:
        return ""
    if key in knowledge.articles:
        return f"，有答案 {'/'.join(key)}"
    return "，标着资料不足" if key in knowledge.unknowns else "，这个险种没有这一篇"


def place(found: Place) -> str:
    """An article or a 资料不足, with how near it is."""
    return f"{found.id}「{found.title}」{found.likeness:.2f}{'，标着资料不足' if found.unknown else ''}"


def terminal(report: Report) -> str:
    """The report for a person at a terminal."""
    if not report.questions:
        return nothing(report)
    lines = [heading(report), *notes(report), ""]
    for number, group in enumerate(report.groups, 1):
        lines += [*_group_lines(number, group, report.knowledge), ""]
    lines.append(f"起草一篇：{report.command} --draft 组号（前面的序号，或 q 开头的编号）")
    return "\n".join(lines)


def _group_lines(number: int, group: Group, knowledge: Knowledge) -> list[str]:
    first, *others = group.texts[:EXAMPLES]
    said = [
        counts(group.by, ROLE_NAMES),
        counts(group.outcomes, OUTCOME_NAMES),
        f"最近 {group.last}" if group.last else "",
    ]
    lines = [f"{number:>3}. {group.count} 次　{first}　[{group.id}]"]
    lines += [f"       也说：{text}" for text in others]
    lines.append("       " + "；".join(each for each in said if each))
    lines += [f"       {guessed}" for guessed in [guess(group, knowledge)] if guessed]
    lines += [f"       最接近 {place(found)}" for found in group.nearest[:1]] or ["       资料里没有接近的"]
    return lines


def page(report: Report, today: date) -> str:
    """The report as one HTML page that needs nothing else."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        report=report,
        heading=heading(report),
        notes=notes(report),
        nothing=nothing(report),
        most=max((group.count for group in report.groups), default=1),
        roles=ROLE_NAMES,
        outcomes=OUTCOME_NAMES,
        examples=EXAMPLES,
        counts=counts,
        guess=guess,
        place=place,
        today=today,
    )
