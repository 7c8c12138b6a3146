"""Questions that are alike, as groups, and the places of the knowledge that lie nearest to each.

Names of products are taken out first: nearly every question has one, and it would make all of them alike. What is left
is compared by the cosine of sentence vectors (of the encoder that config.yml names) and by the cosine of character
n-grams, MEANING to 1 - MEANING; without an encoder by the n-grams alone. What the assistant took for one and the same
(topic, product) is TAKEN_ALIKE more alike; questions that name different products are not alike whatever they ask.
Groups are scikit-learn's agglomerative clusters with average linkage.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.staff.unanswered.store import Asked
from bot.understanding.names import NameCorrector
from bot.understanding.normaliser import tidy
from bot.understanding.ranking.topic_classifier import TopicClassifier
from bot.understanding.spacy_zh import PRODUCT, words_of
from bot.understanding.topics.encoder import SentenceEncoder, load_encoder
from knowledge import Knowledge, live
from xiaoer.settings import ROOT

Floats = NDArray[np.float32]

MEANING = 0.7
ALIKE = 0.5
"""Questions that are on average this alike are one group.

Chosen on samples of data/nlu (a way of asking = a group): of a question's group, nine in ten belong there.
"""
ALIKE_IN_LETTERS = 0.2
"""The same where there is no encoder."""
TAKEN_ALIKE = 0.2
MOST = 4_000
"""Different questions that are compared, which takes 0.6 GB. Beyond that the rarest and oldest are left out."""
NEAREST = 3
_SENTENCE_END = re.compile(r"(?<=[。？！])|\n")


@dataclass(frozen=True)
class Place:
    """Where in the knowledge a question may belong. unknown: the knowledge says 资料不足 there; else it is an article."""

    product: str
    topic: str
    title: str
    likeness: float
    unknown: bool

    @property
    def id(self) -> str:
        """`product/topic`, as articles are called."""
        return f"{self.product}/{self.topic}"


@dataclass(frozen=True)
class Group:
    """Questions that are alike.

    texts: each wording once, the most telling first (it stands for the group); ids: of each wording, the first is the
    group's; by, outcomes: how often, by role and by outcome of the reply (`useless`: judged 没用, whatever it was);
    topic: what the replies took it for, most often; product: named in half of the questions, or what the replies took it
    for; nearest: of that product, or else of the default one; empty where nothing has a word in common with them.
    """

    count: int
    texts: tuple[str, ...]
    ids: tuple[str, ...]
    by: Mapping[str, int]
    outcomes: Mapping[str, int]
    last: date | None
    topic: str | None
    product: str | None
    nearest: tuple[Place, ...]

    @property
    def id(self) -> str:
        return self.ids[0]


@dataclass(frozen=True)
class Grouped:
    """All groups, the most frequent first. left_out: how many rare questions were not compared."""

    groups: tuple[Group, ...]
    left_out: int = 0


def configured_encoder(config: Path = ROOT / "config.yml") -> SentenceEncoder | None:
    """The encoder that the assistant itself uses; None without one. Raises SettingError."""
    pipeline = yaml.safe_load(config.read_text(encoding="utf-8"))["pipeline"]
    named = [component["encoder"] for component in pipeline if "encoder" in component]
    return load_encoder(named[0] if named else TopicClassifier.get_default_config()["encoder"])


def group(asked: Iterable[Asked], knowledge: Knowledge, encoder: SentenceEncoder | None) -> Grouped:
    """Groups the questions; those without anything to read (a picture's mark, blanks) are left out."""
    reader = _Reader(knowledge)
    compared, left_out = _wordings(asked, reader)
    if not compared:
        return Grouped(())
    places = _places(knowledge)
    features = _Features(
        encoder, [reader.core(wording.key) for wording in compared], [reader.core(tidy(text)) for _, text in places]
    )
    alike = _alike(features, compared)
    near = features.near()
    clusters = _clusters(alike, ALIKE if encoder is not None else ALIKE_IN_LETTERS)
    groups = [
        _group([compared[row] for row in rows], alike[np.ix_(rows, rows)], near[rows], places) for rows in clusters
    ]
    groups.sort(key=lambda group: (-group.count, -(group.last or date.min).toordinal(), group.id))
    return Grouped(tuple(groups), left_out)


def _wordings(asked: Iterable[Asked], reader: _Reader) -> tuple[list[_Wording], int]:
    """The MOST most frequent texts, of equals the latest first; and how many questions have another."""
    read: dict[str, list[Asked]] = defaultdict(list)
    for each in asked:
        read[reader.read(each.text)].append(each)
    read.pop("", None)
    keys = sorted(read, key=lambda key: (-len(read[key]), -_last(read[key]).toordinal(), key))
    compared = [_Wording(key, tuple(read[key]), reader.products_in(key)) for key in keys[:MOST]]
    return compared, sum(len(read[key]) for key in keys[MOST:])


def _alike(features: _Features, compared: Sequence[_Wording]) -> Floats:
    """(wordings, wordings), from 0 to 1: by features, by what they were taken for, and by the products they name."""
    alike = features.alike()
    alike += TAKEN_ALIKE * _sharing([wording.taken_for for wording in compared])
    alike[_conflicts([wording.products for wording in compared])] = 0.0
    return np.clip(alike, 0.0, 1.0, out=alike)


def _last(asked: Sequence[Asked]) -> date:
    return max(each.day or date.min for each in asked)


class _Reader:
    """Reads texts as the assistant does: one way of writing, near-sound product names put right."""

    def __init__(self, knowledge: Knowledge) -> None:
        words = words_of(knowledge)
        self._names = words[PRODUCT]  # as written -> id
        self._corrector = NameCorrector(self._names, protected=[word for entries in words.values() for word in entries])
        self._named = re.compile("|".join(re.escape(name) for name in sorted(self._names, key=len, reverse=True)))

    def read(self, text: str) -> str:
        read = self._corrector.correct(tidy(text))[0]
        return read.strip(" ?!,.;:。~…、") or read

    def core(self, text: str) -> str:
        """What is asked, without of which product; a text that only names one stays."""
        rest = self._named.sub("", text)
        return rest if len(re.sub(r"\W", "", rest)) > 1 else text

    def products_in(self, text: str) -> frozenset[str]:
        return frozenset(self._names[found] for found in self._named.findall(text))


@dataclass(frozen=True)
class _Wording:
    """Questions that are read as the same text."""

    key: str
    asked: tuple[Asked, ...]
    products: frozenset[str]

    @property
    def id(self) -> str:
        return "q" + hashlib.sha256(self.key.encode()).hexdigest()[:8]

    @property
    def taken_for(self) -> frozenset[str]:
        """What the assistant was sure enough to take it for. What is outside is too broad to say anything."""
        sure = (each for each in self.asked if each.topic and each.outcome not in ("clarify", "outside"))
        return frozenset(f"{each.product}/{each.topic}" for each in sure)

    @property
    def text(self) -> str:
        """As most people typed it."""
        return Counter(each.text for each in self.asked).most_common(1)[0][0]


def _places(knowledge: Knowledge) -> list[tuple[Place, str]]:
    """Every article and every 资料不足, with each of the texts that say what it is about."""
    found = []
    for product, topic in [
        *knowledge.articles,
        *(each for each in knowledge.unknowns if each not in knowledge.articles),
    ]:
        versions = knowledge.versions(product, topic)
        place = Place(product, topic, title(knowledge, product, topic), 0.0, unknown=not versions)
        sentences = [_SENTENCE_END.split(version.body, 1)[0] for version in versions]
        found += [(place, text) for text in (place.title, knowledge.knowledge_topics[topic], *sentences)]
    return found


def title(knowledge: Knowledge, product: str, topic: str) -> str:
    """What an article answers: 退货宝：能赔多少？"""
    name, label = knowledge.products[product].name, knowledge.label(topic, product)
    return label if name in label else f"{name}：{label}"


class _Features:
    """Questions and the texts of places as vectors: of meaning, where there is an encoder, and of letters."""

    def __init__(self, encoder: SentenceEncoder | None, questions: Sequence[str], places: Sequence[str]) -> None:
        self._letters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
        rows = self._letters.fit_transform([*questions, *places])
        self._split = len(questions)
        self._rows = rows
        self._vectors = None if encoder is None else encoder.encode([*questions, *places])

    def alike(self) -> Floats:
        """(questions, questions), from 0 to 1."""
        return self._between(slice(0, self._split), slice(0, self._split))

    def near(self) -> Floats:
        """(questions, texts of places), from 0 to 1."""
        return self._between(slice(0, self._split), slice(self._split, None))

    def _between(self, ones: slice, others: slice) -> Floats:
        letters = (self._rows[ones] @ self._rows[others].T).toarray().astype(np.float32)
        if self._vectors is None:
            return np.clip(letters, 0.0, 1.0)
        return np.clip(MEANING * (self._vectors[ones] @ self._vectors[others].T) + (1 - MEANING) * letters, 0.0, 1.0)


def _sharing(sets: Sequence[frozenset[str]]) -> NDArray[np.bool_]:
    """(n, n): which two have something in common."""
    every = sorted(frozenset().union(*sets))
    has = np.array([[each in of for each in every] for of in sets], dtype=np.float32).reshape(len(sets), len(every))
    shared: NDArray[np.bool_] = has @ has.T > 0
    return shared


def _conflicts(named: Sequence[frozenset[str]]) -> NDArray[np.bool_]:
    """(n, n): which two name products, and none of them the same."""
    naming = np.array([bool(each) for each in named])
    conflicts: NDArray[np.bool_] = ~_sharing(named) & naming[:, None] & naming[None, :]
    return conflicts


def _clusters(alike: Floats, at_least: float) -> list[list[int]]:
    """Rows that belong together."""
    if len(alike) == 1:
        return [[0]]
    distances = 1.0 - alike
    np.fill_diagonal(distances, 0.0)
    clustering = AgglomerativeClustering(
        n_clusters=None, distance_threshold=1.0 - at_least, linkage="average", affinity="precomputed"
    )
    clusters: dict[int, list[int]] = defaultdict(list)
    for row, label in enumerate(clustering.fit_predict(distances)):
        clusters[int(label)].append(row)
    return list(clusters.values())


def _group(wordings: Sequence[_Wording], alike: Floats, near: Floats, places: Sequence[tuple[Place, str]]) -> Group:
    """alike: (wordings, wordings); near: (wordings, texts of places)."""
    counts = np.array([len(wording.asked) for wording in wordings])
    central = alike @ counts
    order = sorted(range(len(wordings)), key=lambda row: (-counts[row], -central[row], wordings[row].key))
    questions = [each for row in order for each in wordings[row].asked]
    product, searched = _products(wordings, questions)
    return Group(
        count=len(questions),
        texts=tuple(wordings[row].text for row in order),
        ids=tuple(wordings[row].id for row in order),
        by=Counter(each.role for each in questions),
        outcomes=_outcomes(questions),
        last=max((each.day for each in questions if each.day), default=None),
        topic=_commonest(Counter(each.topic for each in questions if each.topic)),
        product=product,
        nearest=_nearest(counts @ near / counts.sum(), places, searched),
    )


def _products(wordings: Sequence[_Wording], questions: Sequence[Asked]) -> tuple[str | None, set[str]]:
    """The product that the questions are about, and those whose places may be the nearest."""
    named = Counter(product for wording in wordings for product in wording.products for _ in wording.asked)
    by_half = Counter({product: times for product, times in named.items() if 2 * times >= len(questions)})
    product = _commonest(by_half) or _commonest(Counter(each.product for each in questions if each.product))
    return product, set(by_half) or {product or live().current.default_product}


def _outcomes(questions: Sequence[Asked]) -> Counter[str]:
    outcomes = ("useless" if each.useless else each.outcome for each in questions)
    return Counter(outcome for outcome in outcomes if outcome)


def _commonest(counts: Counter[str]) -> str | None:
    return min(counts, key=lambda name: (-counts[name], name)) if counts else None


def _nearest(likeness: Floats, places: Sequence[tuple[Place, str]], products: set[str]) -> tuple[Place, ...]:
    """The nearest places of these products, nearest first. likeness: of each text of a place; a place has its best."""
    best: dict[str, Place] = {}
    # The last digits of a product of matrices depend on the order of its rows.
    for value, (place, _) in zip(likeness.round(4).tolist(), places, strict=True):
        if place.product in products and value > best.get(place.id, place).likeness:
            best[place.id] = replace(place, likeness=value)
    return tuple(sorted(best.values(), key=lambda place: (-place.likeness, place.id))[:NEAREST])
