"""`python -m bench.quality.answers`: whether the answer is given that the question asks for, by answers and not by topics.

The questions (`answer_sets`) were written from `topics.yml` and a persona alone, by writers who saw neither phrases nor
knowledge. Two readers labelled each independently with the answers whose first sentence would satisfy: `first`, `second`,
a list for each question of the message, or what it is else: `outside`, `handoff`, `own` (about one's own order), `unknown`
(ours, and no answer says it). An answer that either reader named is right. The accounts asked as have no rows.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SETS = Path(__file__).parent / "answer_sets"
ACCOUNTS = {"buyer": "buyer:nobody", "seller": "seller:nobody", "visitor": "visitor"}
LABELS = frozenset(("outside", "handoff", "own", "unknown"))

Label = str | Sequence[Sequence[str]]


def counted(first: Label, second: Label, record: Mapping[str, Any]) -> Counter[str]:
    """What one record counts for: `scope` and what came of it, or the kind that both readers gave it.

    record: of `xiaoer ask --json`. An article that is not cut into answers is right where it is named without an answer.
    """
    if isinstance(first, str) or isinstance(second, str):
        return _other(first, record) if first == second else Counter(disputed=1)
    good = {answer for label in (first, second) for part in label for answer in part}
    given = list(record["answers"]) or [record["article"] or ""]
    found = Counter(scope=1)
    found["right"] = any(_is(answer, good) for answer in given)
    found["article"] = bool({_article(answer) for answer in given} & {_article(answer) for answer in good})
    found["wrong product"] = bool(given[0]) and _product(given[0]) not in {_product(answer) for answer in good}
    found[f"came to {record['outcome']}"] = 1
    if len(first) > 1 and len(second) > 1:
        found["two"] = 1
        found["two, both"] = any(
            all(any(_is(one, part) for one in given) for part in label) for label in (first, second)
        )
    return found


def _other(label: Label, record: Mapping[str, Any]) -> Counter[str]:
    right = {
        "outside": record["outcome"] in ("outside", "unknown"),
        "handoff": record["topic"] == "handoff",
        "own": record["outcome"] in ("task", "sign_in", "clarify", "unknown"),
        "unknown": True,
    }[str(label)]
    return Counter({str(label): 1, f"{label}, right": int(right)})


def _is(answer: str, good: Sequence[str] | set[str]) -> bool:
    return answer in good or _article(answer) in good


def _article(answer: str) -> str:
    return answer.partition("#")[0]


def _product(answer: str) -> str:
    return answer.partition("/")[0]


def questions() -> dict[str, list[dict[str, Any]]]:
    """By set, each question with both labels."""
    return {
        path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in sorted(SETS.glob("*.jsonl"))
    }


async def measured() -> dict[str, Counter[str]]:
    """By set, what all of its questions count for."""
    from bot.command.inprocess import Assistant
    from bot.engine.training.models import model_or_raise
    from xiaoer.principal import Source, parse_principal

    assistant = Assistant(model_or_raise())
    found: dict[str, Counter[str]] = {}
    for name, asked in questions().items():
        found[name] = Counter()
        for each in asked:
            said = await assistant.say(each["text"], parse_principal(ACCOUNTS[each["as"]], Source.COMMAND))
            found[name] += counted(each["first"], each["second"], said.record())
    return found


def lines(found: Mapping[str, Counter[str]]) -> list[str]:
    """A line a set, and one of all."""
    everything: Counter[str] = sum(found.values(), Counter())
    result = []
    for name, count in [*found.items(), ("all", everything)]:
        scope = count["scope"] or 1
        parts = [
            f"{what} {count[key] / scope:.1%}"
            for what, key in (
                ("right first", "right"), ("right article", "article"), ("wrong product", "wrong product"),
                ("refused", "came to outside"), ("资料不足 or not found", "came to unknown"), ("asked back", "came to clarify"),
            )
        ]  # fmt: skip
        two = f"two questions both {count['two, both']}/{count['two']}"
        outside = f"outside declined {count['outside, right']}/{count['outside']}"
        result.append(f"{name:28} in scope {count['scope']}: {', '.join(parts)}; {two}; {outside}")
    return result


def main() -> None:
    from bench.quality import process

    with tempfile.TemporaryDirectory() as folder:
        process.environment(Path(folder))
        process.quiet()
        from actions.policydb import admin

        admin.prepare()
        print("\n".join(lines(asyncio.run(measured()))))


if __name__ == "__main__":
    main()
