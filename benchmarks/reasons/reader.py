"""Reader: the question and the number that a reason's sentence holds, from its words alone.

It knows no feature and reads no code of theirs: a sentence that the grammar does not cover, or
covers twice, is not read. The reference of the question, in plain Python, tells whether it is true.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from benchmarks.reasons.account_words import ACCOUNT_WORDS
from benchmarks.reasons.deal_words import DEAL_WORDS

Entity = Literal["account", "deal"]

SPANS = {"in a year": "365d", "in half a year": "180d", "in two years": "730d"}
_NUMBER = r"(?P<number>[+-]?(?:[$€£¥₹]|[A-Z]{3} )?\d[\d,]*(?:\.\d+)?%?)"
_WINDOW = rf"(?P<window>\d+ to \d+ days ago|in \d+ days|{'|'.join(SPANS)})"
_COUNT = r"(?P<count>\d+)"
_WORD = r"(?P<word>[a-z ]+)"
_DATED = re.compile(r"As of (?P<day>\w{3} \d{1,2}, \d{4}): (?P<text>.+)")
_PEERS = re.compile(r"; similar (?:accounts|deals)(?: [a-z-]+)*? (?P<number>[+-]?\$?\d\S*)(?: .+)?")
_PLURALS = {
    "reply": "replies",
    "touch": "touches",
    "person": "people",
    "study": "studies",
    "activity": "activities",
}
_REGULAR = (
    "call change contact contract day deal demo e-mail escalation function hour invoice meeting "
    "message note quote referral stage step ticket time week"
)
_ITS_ACCOUNT = "its account: "


class UnreadError(ValueError):
    """A sentence that says nothing to a reader who has only its words."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sentence says.

    Attributes:
        about: of whom; the account of a deal too.
        question: what was counted, with its window, as the reference names it.
        value: the number as told; shares as a share, flags 1 or 0.
        precision: half of the last place that is shown.
        word: of a category, instead of the number.
        on: the day from which windows are counted back.
        peer: what similar ones show; None where it is not told.
        peer_precision: half of the last place of that.
    """

    about: Entity
    question: str
    value: float
    precision: float
    word: str | None
    on: date
    peer: float | None
    peer_precision: float


@dataclass(frozen=True, slots=True)
class _Way:
    question: str
    pattern: re.Pattern[str]
    sign: int
    is_flag: bool


def read(line: str, entity: Entity) -> Claim:
    """Read one dated sentence.

    Raises:
        UnreadError: when no way to say it is known, or more than one.
    """
    found = _DATED.fullmatch(line)
    if found is None:
        raise UnreadError(f"no date in {line!r}")
    on = datetime.strptime(found["day"], "%b %d, %Y").date()  # noqa: DTZ007 - a day has no zone
    text = found["text"]
    peers = _PEERS.search(text)
    told = text.split(";")[0]
    if entity == "deal" and told.startswith(_ITS_ACCOUNT):
        entity, told = "account", told.removeprefix(_ITS_ACCOUNT)
    told = _of_many(told)
    matches = [(way, found) for way in _WAYS[entity] if (found := way.pattern.fullmatch(told))]
    if len(matches) != 1:
        names = [way.question for way, _ in matches]
        raise UnreadError(f"{len(matches)} ways to read {told!r}: {names}")
    way, words = matches[0]
    parts = words.groupdict()
    value, precision = _value(way, parts.get("number"))
    peer, peer_precision = (None, 0.0) if peers is None else _number(peers["number"])
    question = way.question.replace("<w>", _window(parts.get("window")))
    return Claim(
        about=entity,
        question=question.replace("<n>", parts.get("count") or ""),
        value=value,
        precision=precision,
        word=parts.get("word"),
        on=on,
        peer=peer,
        peer_precision=peer_precision,
    )


def _of_many(text: str) -> str:
    """One of something as the grammar has it: `1 reply` → `1 replies`."""
    nouns = {word: f"{word}s" for word in _REGULAR.split()} | _PLURALS
    one = re.compile(rf"\b1 ((?:[a-z-]+ ){{0,2}}?)({'|'.join(nouns)})\b( is| was| has| ends)?")
    verbs = {" is": " are", " was": " were", " has": " have", " ends": " end", None: ""}
    return one.sub(lambda m: f"1 {m[1]}{nouns[m[2]]}{verbs[m[3]]}", text)


def _value(way: _Way, number: str | None) -> tuple[float, float]:
    if way.is_flag:
        return float(way.sign), 0.0
    if number is None:
        return 0.0, 0.0
    value, precision = _number(number)
    return way.sign * value, precision


def _number(text: str) -> tuple[float, float]:
    """The number, and half of its last place."""
    plain = re.sub(r"[^\d.+-]", "", text)
    _, _, decimals = plain.partition(".")
    scale = 0.01 if text.endswith("%") else 1.0
    return float(plain) * scale, 0.5 * 10.0 ** -len(decimals) * scale


def _window(words: str | None) -> str:
    if words is None:
        return ""
    if words in SPANS:
        return SPANS[words]
    return "_".join(re.findall(r"\d+", words)) + "d"


def _ways(table: str) -> Iterator[_Way]:
    for line in table.strip().splitlines():
        question, _, said = line.partition(": ")
        is_flag = said.startswith("= ")
        for place, words in enumerate(re.split(r" */ *", said.removeprefix("= "))):
            sign = (1, 0 if is_flag else 1, -1)[place]
            if words.strip():
                yield _Way(question, _pattern(words.strip()), sign, is_flag)


def _pattern(words: str) -> re.Pattern[str]:
    told = re.escape(words)
    for mark, pattern in (("#", _NUMBER), ("<w>", _WINDOW), ("<n>", _COUNT), ("@", _WORD)):
        told = told.replace(re.escape(mark), pattern)
    return re.compile(told)


_WAYS: Mapping[Entity, tuple[_Way, ...]] = {
    "account": tuple(_ways(ACCOUNT_WORDS)),
    "deal": tuple(_ways(DEAL_WORDS)),
}
