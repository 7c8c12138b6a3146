"""From a group to a draft article and draft phrases: `drafts/<group>/` in XIAOER_VAR, never `knowledge/` or `data/`.

What only a person can know (the answer, its date, grade and sources) says TODO in a way that `xiaoer kb lint` refuses.
The article holds no word of those who asked; their wordings are in the phrases alone, to be read one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.staff.unanswered.grouping import Group, title
from bot.staff.unanswered.report import counts
from knowledge import GRADES, Knowledge
from knowledge.files import read_source
from xiaoer import clock, settings
from xiaoer.errors import XiaoerError
from xiaoer.principal import ROLE_NAMES
from xiaoer.settings import ROOT, private_folder

PHRASES = 50
RELATED = 3
TODO = "TODO"
_MARK = re.compile(r"【[^】]*】")  # what was masked, as xiaoer/privacy.py writes it
# In a phrase, Rasa reads [word](entity) and {"entity": ...} as annotations.
_ANNOTATION = re.compile(r"[\[\]{}|<>`]")


@dataclass(frozen=True)
class Draft:
    """The two files; known: the article of the knowledge that the draft begins with, if there is one."""

    article: Path
    phrases: Path
    product: str
    topic: str
    known: Path | None


def find(groups: Iterable[Group], name: str) -> Group:
    """The group of that number in the report, or that has a question of that id. Raises XiaoerError."""
    groups = list(groups)
    if name.isascii() and name.isdigit():
        if 1 <= int(name) <= len(groups):
            return groups[int(name) - 1]
        raise XiaoerError(f"--draft: 没有第 {name} 组，一共 {len(groups)} 组。先看 xiaoer report（参数要一样）。")
    for group in groups:
        if name in group.ids:
            return group
    raise XiaoerError(f"--draft: 没有编号 {name!r} 的组。先看 xiaoer report（--days、--role 要一样）。")


def place_for(group: Group, knowledge: Knowledge, topic: str | None, product: str | None) -> tuple[str, str]:
    """(product, topic) of the article to write: as told, else as the replies took it, else the nearest.

    Raises XiaoerError for ids that topics.yml does not have, and where there is nothing to go by.
    """
    _known_ids_needed(knowledge, topic, product)
    product = product or (group.product if group.product in knowledge.products else None)
    topic = topic or (group.topic if group.topic in knowledge.knowledge_topics else None)
    if topic is None:
        of_product = [place for place in group.nearest if product in (None, place.product)]
        if not of_product:
            raise XiaoerError("看不出这一组在问哪个话题，请用 --topic（和 --product）指明。")
        product, topic = of_product[0].product, of_product[0].topic
    return product or knowledge.default_product, topic


def _known_ids_needed(knowledge: Knowledge, topic: str | None, product: str | None) -> None:
    if product is not None and product not in knowledge.products:
        raise XiaoerError(f"--product: {product!r} 不是险种。可用：{'、'.join(knowledge.products)}")
    if topic is not None and topic not in knowledge.knowledge_topics:
        raise XiaoerError(
            f"--topic: {topic!r} 不是用文章答的话题。可用：{'、'.join(knowledge.knowledge_topics)}。"
            "要加新话题，先照 docs/knowledge.md 的「加一个话题」写进 topics.yml。"
        )


def write(group: Group, knowledge: Knowledge, product: str, topic: str) -> Draft:
    """Writes both files. Raises XiaoerError where they cannot be written, or one is there already (then neither is)."""
    folder = settings.var("drafts", group.id)
    known = knowledge.root / product / f"{topic}.md"
    draft = Draft(
        folder / product / f"{topic}.md",
        folder / f"{product}-{topic}.phrases.yml",
        product,
        topic,
        known if known.exists() else None,
    )
    texts = {
        draft.article: _article(group, knowledge, draft),
        draft.phrases: _phrases(group, knowledge, draft, ROOT / "data" / "nlu"),
    }
    there = [path for path in texts if path.exists()]
    if there:
        raise XiaoerError(f"草稿已经在了：{there[0]}。接着改它；要重新起草，先把它移走。")
    try:
        for path, text in texts.items():
            private_folder(path.parent)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise XiaoerError(f"草稿写不了：{error}") from error
    return draft


# ---------------------------------------------------------------------- article


def _article(group: Group, knowledge: Knowledge, draft: Draft) -> str:
    related = ", ".join(_related(knowledge, draft.product, draft.topic))
    now = _known_values(draft)
    last = f"，最近 {group.last}" if group.last else ""
    lines = [
        "---",
        f"# 草稿 {group.id}（{clock.today()}）：{title(knowledge, draft.product, draft.topic)}",
        f"# 问了 {group.count} 次：{counts(group.by, ROLE_NAMES)}{last}。原话在 {draft.phrases.name}。",
        f"# 四个 {TODO} 都填好、正文写好、「## {TODO}」那行删掉，make kb-lint 才通过。填好后这几行注释也删掉。",
        f"as_of: {TODO} # 所用事实里最新的日期，YYYY 或 YYYY-MM{now.get('as_of', '')}",
        f"review_by: {TODO} # 最晚哪个月要再看一遍，YYYY-MM{now.get('review_by', '')}",
        f"grade: {TODO} # {'，'.join(f'{grade} {meaning}' for grade, meaning in GRADES.items())}{now.get('grade', '')}",
        f"sources: {TODO} # 换成清单，一条以上，标题或完整网址",
        *(f"#   - {source}" for source in now.get("sources", "").splitlines()),
        f"related: [{related}]",
        *([f"amounts: {now['amounts']}"] if "amounts" in now else []),
        "---",
        f"## {TODO} 写好就删掉这一行（没有依据的不写，在 product.yml 的 unknown 里说去哪看）",
        "",
        _body(draft),
    ]
    return "\n".join(lines)


def _body(draft: Draft) -> str:
    if draft.known is not None:
        return read_source(draft.known).body.strip() + "\n"
    return "第一句短，直接回答。\n\n- 然后是步骤或数字，列成清单。\n\n最后一句说以自己的哪个页面为准。\n"


def _known_values(draft: Draft) -> dict[str, str]:
    """What the article says now: for the comments beside the TODOs, and the amounts, which stay."""
    if draft.known is None:
        return {}
    meta = read_source(draft.known).meta
    values = {name: f"；现在是 {meta[name]}" for name in ("as_of", "review_by", "grade")}
    if "amounts" in meta:
        values["amounts"] = json.dumps(meta["amounts"], ensure_ascii=False)  # as YAML reads it, too
    return {**values, "sources": "\n".join(" ".join(str(source).split()) for source in meta["sources"])}


def _related(knowledge: Knowledge, product: str, topic: str) -> Iterator[str]:
    """What is asked next: as the article has it, or what people ask most of this product."""
    versions = knowledge.versions(product, topic)
    if versions:
        yield from versions[0].related
        return
    popular = knowledge.products[product].popular
    topics = dict.fromkeys(each for audience in popular.values() for each in audience if each != topic)
    yield from list(topics)[:RELATED]


# ---------------------------------------------------------------------- phrases


def _phrases(group: Group, knowledge: Knowledge, draft: Draft, trained: Path) -> str:
    known = _trained(trained)
    wordings = dict.fromkeys(_phrase(text) for text in group.texts if not _MARK.search(text))
    fresh = [text for text in wordings if _bare(text) and _bare(text) not in known][:PHRASES]
    lines = [
        f"# 草稿 {group.id}：用户问过的话。逐句看：确实在问「{title(knowledge, draft.product, draft.topic)}」的留下，别的删掉，",
        f"# 再把这一组挪进 data/nlu/ 里有 {draft.topic} 的文件，make train，make eval。",
        "# 遮盖过个人信息的和已经在训练语料里的没有列出。",
        'version: "3.1"',
    ]
    if not fresh:
        return "\n".join([*lines, "nlu: [] # 没有可以用的说法", ""])
    lines += ["nlu:", f"- intent: {draft.topic}", f'  metadata: {{way: "{TODO} 给这种问法起个名字"}}', "  examples: |"]
    return "\n".join([*lines, *(f"    - {text}" for text in fresh), ""])


def _phrase(text: str) -> str:
    return " ".join(_ANNOTATION.sub(" ", text).lstrip("-/#* ").split())


def _bare(text: str) -> str:
    return re.sub(r"\W", "", text)


def _trained(folder: Path) -> set[str]:
    """The phrases of the training data, bare."""
    lines = (line for path in folder.glob("*.yml") for line in path.read_text(encoding="utf-8").splitlines())
    return {_bare(line) for line in lines if line.lstrip().startswith("- ")}


# ---------------------------------------------------------------------- what to do next


def next_steps(group: Group, knowledge: Knowledge, draft: Draft) -> str:
    """What was written, and what the editor does now."""
    target = f"knowledge/{draft.product}/{draft.topic}.md"
    marked = (draft.product, draft.topic) in knowledge.unknowns
    listed = any(draft.topic in topics for topics in knowledge.products[draft.product].topics.values())
    product_file = f"knowledge/{draft.product}/product.yml"
    steps = [
        f"写答案：{_shown(draft.article)}，填好四个 {TODO}（怎么写见 docs/knowledge.md）",
        f"{'替换' if draft.known else '放到'} {target}，运行 make kb-lint",
        *([f"{product_file}：从 unknown 里删掉 {draft.topic}"] if marked and not draft.known else []),
        *([f"{product_file}：在 topics 里列上 {draft.topic}"] if not listed else []),
        f"看问法：{_shown(draft.phrases)}，删掉不是在问这件事的，挪进 data/nlu/，make train，make eval",
    ]
    about = "这一篇已经有了，草稿从它开始。" if draft.known else "这一篇还没有。"
    return "\n".join(
        [
            f"{group.id}「{group.texts[0]}」等 {group.count} 次 → {title(knowledge, draft.product, draft.topic)}（{draft.product}/{draft.topic}）",
            f"{about}不是这个话题的话，用 --topic 和 --product 另起一份。",
            "",
            *(f"{number}. {step}" for number, step in enumerate(steps, 1)),
        ]
    )


def _shown(path: Path) -> str:
    """Relative to where the command was called, where that is shorter."""
    full = path.resolve()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(path)
