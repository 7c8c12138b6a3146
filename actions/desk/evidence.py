"""What a message says for an appeal: a tracking number, a photo, what happened; or that there is none. In any order.

Words come from `knowledge/acts.yml`. Pure: a text and what was asked for go in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.model import ActWords

TRACKING, PHOTO, NOTE = "evidence_tracking", "evidence_photo", "evidence_note"
NOTHING = "无"  # asked for, and there is none
_NUMBER = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]{2,4}\d{8,18}|\d{10,18})(?!\d)")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_FILE = re.compile(
    r"https?://[^\s，。]{4,200}|[\w.-]{1,60}\.(?:jpe?g|png|pdf|webp|heic)|(?:IMG|DSC|MVIMG)[-_#]?\d{3,24}",
    re.IGNORECASE | re.ASCII,
)
# What a picture is called where one is asked for: its number in the order's chat, too.
_PICTURE = re.compile(rf"{_FILE.pattern}|[-_#]?\d{{3,24}}|图\s?\d{{1,2}}", re.IGNORECASE | re.ASCII)
_NAMES = {TRACKING: re.compile("单号|快递号|运单|号码|^号"), PHOTO: re.compile("照片|底单|截图|图片|相片|回执|图")}
_MARKS = re.compile(r"[，,。.；;！!\n、~～]+|\s+")
_ASKS = re.compile(r"[吗么呢?？]$|为什么|为啥|怎么|咋|多久|哪")
_OUTRIGHT = re.compile("错|因为|由于|明明|确实|真的|没|漏|误|其实")  # before 要申诉: says why, and names no order
_WISH = re.compile(r"(?:所以|那|就|我|想|要|得|帮我|给我|麻烦|请|来|去|对此?|进行|再)*$")
_AFTER_A_VERB = re.compile(r"^(?:一下|一次|吧|了|下|的?(?:理由|原因|说明)是?|[:：])+")
_REPLACES = re.compile(
    r"(?:说明|备注|情况|补充|理由|原因)"
    r"(?:(?:一下|一点|改一?下|改|换)?(?:成|为|是|[:：，, ])+|[^:：]{0,12}?[改换写](?:成|为)[:：，, ]*)(?P<note>.{2,})",
    re.DOTALL,
)
_SPOKEN_OF = {**_NAMES, NOTE: re.compile("说明|备注|理由|原因")}
_CHANGES = re.compile(r"错|不对|改|换|应该是|重[填写]|不是这")
_NUMBERS_NAME = re.compile(
    r"(?:行|那|我的|这个|正确|对|真正|新)?的?(?:快递|物流|运)?单?号?码?(?:应该|其实|就|才)?[是为:：]*$|^(?:应该)?[是为的:：]+"
)
# 最后三位是898，不是889: how the number ends that there is.
_ENDS = re.compile(
    r"(?:最后|末尾?|后面?)(?:[一两二三四五六]|\d)?[位个]?(?:数字?|号)?(?:[打写填输]?错[了啦]?[，,。. ]*)?(?:应该|其实)?[是为:：]?(?P<right>\d{2,6})(?!\d)(?:[，,。. ]*(?:不是|而不是|别是|写成|错成)(?:了)?(?P<wrong>\d{2,6}))?"
    r"|(?:最后|末尾?|后面?)(?:[一两二三四五六]|\d)?[位个]?(?:数字?|号)?(?:不是|写成|错成)(?:了)?(?P<wrong_first>\d{2,6})[，,。. ]*(?:应该)?是(?P<right_last>\d{2,6})"
)
_FOUND = re.compile("找到|找着|翻到|查到|是这个|有了|补上|补一|补个|在这|来了|给你|发你")
_SHORT = 9  # characters: 「单号错了」 wants another, what is longer tells of one


@dataclass(frozen=True)
class Heard:
    """What a message says.

    tracking, photo: what is given, `NOTHING` where it says that there is none, "" where it says nothing of it; note: what
    happened, in its own words; replaces: that takes the place of the note there is; complete: nothing more comes;
    again: the piece that it calls wrong without saying what is right; ending: how the tracking number that there is ends
    rightly, and how it wrongly does ("" where that is not said).
    """

    tracking: str = ""
    photo: str = ""
    note: str = ""
    replaces: bool = False
    complete: bool = False
    again: str = ""
    ending: tuple[str, str] = ("", "")

    @property
    def anything(self) -> bool:
        """Whether it says something for the appeal."""
        return bool(self.tracking or self.photo or self.note or self.complete or self.again or self.ending[0])


def hear(text: str, *, requested: str, words: ActWords, verbs: Sequence[str] = ()) -> Heard:
    """What a message says for an appeal.

    text: as typed; requested: the slot that the form has asked for, "" at the beginning; verbs: by which people call an
    appeal.
    """
    joined = re.sub(r"(?<=[A-Za-z0-9])[\s-](?=\d)", "", text.strip())
    ending = _ending(joined) if requested and not _NUMBER.search(joined) else ("", "")
    if ending[0]:
        return Heard(ending=ending)
    replaced = _REPLACES.search(joined) if requested not in (NOTE, "") and _CHANGES.search(joined) else None
    head = joined[: replaced.start()] if replaced else joined
    clauses = [clause for clause in _MARKS.split(_without_files(head)) if clause]
    lacking = {clause: _lacking(clause, requested, words) for clause in clauses}
    none = {piece for pieces in lacking.values() for piece in pieces}
    complete = any(_is_all(clause, words) for clause in clauses)
    tracking = _tracking(head, requested)
    photo = _photo(head, requested, tracking)
    if replaced:
        note = replaced["note"].strip()
    elif requested == NOTE:
        note = "" if none or complete or not _of_words(joined) else _leading(words).sub("", joined)
    else:
        given = {TRACKING: tracking, PHOTO: photo} if requested not in ("", TRACKING) else {}
        told = [
            clause for clause in clauses if not (lacking[clause] or _is_all(clause, words) or _corrects(clause, given))
        ]
        note = _told(told, requested, words, verbs)
    heard = Heard(
        tracking=tracking or (NOTHING if TRACKING in none else ""),
        photo=photo or (NOTHING if PHOTO in none else ""),
        note=note or (NOTHING if NOTE in none else ""),
        replaces=replaced is not None,
        complete=complete,
    )
    again = _called_wrong(joined, requested, heard)
    return Heard(again=again) if again else heard


def _without_files(text: str) -> str:
    return _FILE.sub(" ", text)


def _of_words(text: str) -> str:
    """A text without its numbers and the word for them: of 「单号是SF123」 nothing is left."""
    if not _NUMBER.search(text):
        return text.strip()
    return _NUMBERS_NAME.sub("", _NUMBER.sub("", text)).strip()


def _tracking(text: str, requested: str) -> str:
    """The last tracking number; in a note one has to be called so."""
    found = [each for each in _NUMBER.finditer(text) if not _MOBILE.fullmatch(each.group())]
    if requested == NOTE:
        found = [each for each in found if _NAMES[TRACKING].search(text[max(0, each.start() - 12) : each.start()])]
    elif requested == PHOTO:
        named = _NAMES[TRACKING].search(text) is not None
        found = [each for each in found if named or each.group()[0].isalpha()]
    found = [each for each in found if not _FILE.search(text[: each.end() + 5], each.start())]
    return found[-1].group().upper() if found else ""


def _photo(text: str, requested: str, tracking: str) -> str:
    found = _FILE.search(text)
    if found is None and requested == PHOTO and not tracking:
        found = _PICTURE.search(text)
    return found.group() if found else ""


def _lacking(clause: str, requested: str, words: ActWords) -> frozenset[str]:
    """The pieces of which a clause says that there is none."""
    if not _lacks(words).fullmatch(clause.lower()):
        return frozenset()
    named = frozenset(piece for piece, names in _NAMES.items() if names.search(clause))
    asked = frozenset([requested]) if requested in (TRACKING, PHOTO, NOTE) else frozenset()
    return named or asked


def _is_all(clause: str, words: ActWords) -> bool:
    return _all(words).fullmatch(clause.lower()) is not None


@lru_cache(maxsize=2)
def _lacks(words: ActWords) -> re.Pattern[str]:
    around = _any((*words.evidence, *words.lacked, *words.around_lacking, *words.softens, "和", "跟", "也"))
    return re.compile(f"(?:{around})*(?:{_any(words.lacks)})(?:{around}|{_any(words.lacks)})*")


@lru_cache(maxsize=2)
def _leading(words: ActWords) -> re.Pattern[str]:
    """What stands before the words that a note should have: 再加一句, 理由."""
    # 说明天: of another cut.
    return re.compile(f"^(?:(?:{_any((*words.adds, *words.reasons))})(?![天书])[:：吧，,\\s]*)+")


def gives_a_reason(text: str, words: ActWords) -> bool:
    """Whether a text begins with the reason of an appeal, in so many words: 「理由 客服让我放一个箱子里」."""
    rest = _leading(words).sub("", text.strip())
    first = next(filter(None, _MARKS.split(rest)), "")
    return rest != text.strip() and len(first) > 1 and not re.search(f"{_ASKS.pattern}|什么|啥", first)


def without_reasons(clauses: str, words: ActWords) -> str:
    """A text without the clauses that say why, which may hold a day or a name that is no order's."""
    kept: list[str] = []
    for clause in filter(None, _MARKS.split(clauses)):
        if _leading(words).match(clause) or any(same in clause for same in words.same_reason):
            break
        if not _tells(clause, words):
            kept.append(clause)
    return ",".join(kept)


def _ending(text: str) -> tuple[str, str]:
    """How a number ends rightly, and wrongly, by what a text says of it."""
    found = _ENDS.search(text)
    if found is None:
        return "", ""
    return found["right"] or found["right_last"], found["wrong"] or found["wrong_first"] or ""


def ending_in(number: str, ending: tuple[str, str]) -> str:
    """A number with its end put right; "" where it does not end as is said.

    >>> ending_in("SF1402233576889", ("898", "889"))
    'SF1402233576898'
    """
    right, wrong = ending
    if not number[-len(right) :].isdigit() or not number.endswith(wrong or number[-1:]):
        return ""
    return number[: -len(wrong or right)] + right


@lru_cache(maxsize=2)
def _by_the_way(words: ActWords) -> re.Pattern[str]:
    return re.compile(f"^(?:{_any(words.by_the_way)})")


@lru_cache(maxsize=2)
def _all(words: ActWords) -> re.Pattern[str]:
    soft = _any((*words.softens, *words.leads, *words.thanks, "其他", "别的"))
    return re.compile(f"(?:{soft})*(?:{_any(words.that_is_all)})(?:{soft})*")


def _any(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted({word.lower() for word in words}, key=len, reverse=True)))


def _told(clauses: Sequence[str], requested: str, words: ActWords, verbs: Sequence[str]) -> str:
    """What happened, in the words of the message, without what else it says.

    At the beginning only what surely tells: the rest may name the order. Later a clause that tells takes the others along.
    """
    told, added = [], False
    for clause in clauses:
        if _is_as_before(clause, words):
            continue
        rest = _leading(words).sub("", clause)
        added = added or rest != clause
        rest = rest if added else _without_the_wish(_by_the_way(words).sub("", rest), verbs)
        tells = added or _tells(rest, words)
        rest = "" if _NUMBERS_NAME.fullmatch(rest) else _of_words(rest)
        if len(rest) > 1 and (tells or (requested and not _is_said_otherwise(rest, words))):
            told.append((rest, tells))
    return "，".join(clause for clause, _ in told) if any(tells for _, tells in told) else ""


def _is_as_before(clause: str, words: ActWords) -> bool:
    """Whether a clause says that the reason is the one that was given before."""
    return len(clause) <= _SHORT and any(same in clause for same in words.same_reason)


def _tells(clause: str, words: ActWords) -> bool:
    """Whether a clause says what happened."""
    return any(word in clause for word in words.explains) and not _is_said_otherwise(clause, words)


def _is_said_otherwise(clause: str, words: ActWords) -> bool:
    """Whether it asks, or says what one is about to do."""
    return _ASKS.search(clause) is not None or clause.startswith(words.intends)


def asks(text: str) -> bool:
    """Whether an answer is a question itself: 「截图行吗」."""
    return _ASKS.search(text.strip()) is not None


def _without_the_wish(clause: str, verbs: Sequence[str]) -> str:
    """Without 我要申诉, and without what stands before it where that names an order and says nothing else."""
    found = re.search(_any(verbs) or "(?!)", clause)
    if found is None:
        return clause
    after = _AFTER_A_VERB.sub("", clause[found.end() :])
    before = _WISH.sub("", clause[: found.start()])
    return (before if _OUTRIGHT.search(before) and not re.search("[那这]一?[单笔个件]|尾号", before) else "") or after


def _corrects(clause: str, given: Mapping[str, str]) -> bool:
    """Whether a clause only says that something was wrong, or is found, which the message gives: 「单号错了，是SF…」."""
    speaks = len(_of_words(clause)) <= _SHORT and (_CHANGES.search(clause) or _FOUND.search(clause)) is not None
    return speaks and any(value and _NAMES[piece].search(clause) for piece, value in given.items())


def _called_wrong(text: str, requested: str, heard: Heard) -> str:
    """At the read-back: the piece that is called wrong, and nothing is said instead: 「单号错了」."""
    if requested in (TRACKING, PHOTO, NOTE, "") or len(text) > _SHORT or not _CHANGES.search(text):
        return ""
    given = {TRACKING: heard.tracking, PHOTO: heard.photo, NOTE: heard.replaces}
    return next((piece for piece, names in _SPOKEN_OF.items() if names.search(text) and not given[piece]), "")
