"""Head: one yes-or-no question, answered by the average of its members in log-odds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.booster import Booster, booster_from_text
from models.document import document
from models.logistic import LogisticHead
from models.matrix import Floats, Matrix

FOREST_SHARE = 0.5
"""What trees that were grown on a regression count for: they see its rest, and its noise."""


@document
@dataclass(frozen=True, slots=True)
class Bend:
    """Where the line over one feature changes its slope.

    Attributes:
        at: the value from which on the feature also counts by its distance from here.
        mean: that distance over the training rows, 0 below.
        coefficient: log-odds per unit of the distance.
    """

    feature: str
    at: float
    mean: float
    coefficient: float


@document
@dataclass(frozen=True, slots=True)
class BentLogistic:
    """A regression whose line over a feature may change its slope at some values.

    Attributes:
        line: the straight part, over all features of the head; a null and a value far out are
            taken by the bends as they are there.
        bends: in any order, several of one feature next to none of another.
    """

    line: LogisticHead
    bends: tuple[Bend, ...]

    def __post_init__(self) -> None:
        unknown = sorted({bend.feature for bend in self.bends} - set(self.line.names))
        if unknown:
            raise ValueError(f"expected bends of {list(self.line.names)}, found {unknown}")

    @property
    def names(self) -> tuple[str, ...]:
        """The features it reads, in order."""
        return self.line.names

    @property
    def intercept(self) -> float:
        """Log-odds of a row that lies at every training mean."""
        return self.line.intercept

    def log_odds(self, rows: Matrix) -> Floats:
        """Log-odds per row."""
        return np.asarray(self.contributions(rows).sum(axis=1))

    def contributions(self, rows: Matrix) -> Floats:
        """Log-odds per row split over the features; the last column is the base."""
        parts = self.line.contributions(rows)
        places = {name: place for place, name in enumerate(self.line.names)}
        for bend in self.bends:
            place = places[bend.feature]
            values = rows[:, place].astype(np.float64)
            known = np.where(np.isnan(values), self.line.medians[place], values)
            kept = np.clip(known, self.line.lows[place], self.line.highs[place])
            parts[:, place] += (np.maximum(kept - bend.at, 0.0) - bend.mean) * bend.coefficient
        return parts


Logistic = LogisticHead | BentLogistic


@document
@dataclass(frozen=True, slots=True)
class HeadDocument:
    """A head as JSON; boosters stay in text files of their own, named here."""

    name: str
    boosters: tuple[str, ...]
    logistic: Logistic | None
    constant: float | None
    note: str
    logistic_share: float
    is_grown_on_line: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Boosters of several seeds, or a logistic, or both blended, or a constant.

    Attributes:
        names: the features its members read, in order.
        constant: log-odds for every row, where there was nothing to learn from.
        note: why the head is what it is; empty when it is as asked.
        logistic_share: of the average, where boosters and a logistic are blended.
        is_grown_on_line: whether the boosters were grown on the logistic's log-odds. It then
            counts whole, and what they add to it by `FOREST_SHARE`.
    """

    name: str
    names: tuple[str, ...]
    boosters: tuple[Booster, ...] = ()
    logistic: Logistic | None = None
    constant: float | None = None
    note: str = ""
    logistic_share: float = 0.5
    is_grown_on_line: bool = False

    def __post_init__(self) -> None:
        is_fitted = bool(self.boosters) or self.logistic is not None
        if is_fitted == (self.constant is not None):
            raise ValueError(f"head {self.name}: expected members or a constant, not both or none")
        if not 0.0 < self.logistic_share < 1.0:
            raise ValueError(
                f"head {self.name}: expected a share of the logistic between 0 and 1, got "
                f"{self.logistic_share}"
            )
        read = [booster.names for booster in self.boosters]
        if self.logistic is not None:
            read.append(self.logistic.names)
        if self.is_grown_on_line and self.logistic is None:
            raise ValueError(
                f"head {self.name}: expected a logistic below its boosters, found none"
            )
        for names in read:
            if names != self.names:
                raise ValueError(
                    f"head {self.name}: expected features {list(self.names)}, "
                    f"a member reads {list(names)}"
                )

    def log_odds(self, rows: Matrix) -> Floats:
        """Log-odds per row, before any offset."""
        if self.constant is not None:
            return np.full(rows.shape[0], self.constant)
        members = [booster.log_odds(rows) for booster in self.boosters]
        if self.logistic is not None:
            members.append(self.logistic.log_odds(rows))
        total = np.zeros(rows.shape[0])
        for share, member in zip(self.shares(), members, strict=True):
            total += share * member
        return total

    def contributions(self, rows: Matrix) -> Floats:
        """Log-odds per row split over the features; the last column is the base."""
        parts = self.member_contributions(rows)
        return np.asarray(np.tensordot(self.shares(), parts, axes=1))

    def member_contributions(self, rows: Matrix) -> Floats:
        """The same for each member, shape (members, rows, features + 1)."""
        if self.constant is not None:
            parts = np.zeros((1, rows.shape[0], len(self.names) + 1))
            parts[:, :, -1] = self.constant
            return parts
        members = [booster.contributions(rows) for booster in self.boosters]
        if self.logistic is not None:
            members.append(self.logistic.contributions(rows))
        return np.stack(members)

    def levelled_contributions(self, rows: Matrix, members: int) -> Floats:
        """Contributions of exactly so many members, whose plain mean is the head's average.

        Heads of unlike make-up can then be combined member by member; where a head has fewer,
        its average stands in.
        """
        parts = self.member_contributions(rows)
        found = parts.shape[0]
        if found > members:
            raise ValueError(f"head {self.name}: expected at most {members} members, has {found}")
        return levelled(parts * (self.shares() * found)[:, None, None], members)

    def shares(self) -> Floats:
        """What each member counts for; they sum to 1, but for boosters grown on a logistic."""
        if self.constant is not None:
            return np.ones(1)
        trees = len(self.boosters)
        if self.logistic is None:
            return np.full(trees, 1.0 / trees)
        if trees == 0:
            return np.ones(1)
        if self.is_grown_on_line:
            return np.array([*[FOREST_SHARE / trees] * trees, 1.0])
        share = self.logistic_share
        return np.array([*[(1.0 - share) / trees] * trees, share])

    def to_document(self, folder: str) -> tuple[HeadDocument, dict[str, str]]:
        """The head as JSON, and its boosters' texts by file name inside the bundle."""
        texts = {
            f"{folder}/{self.name}-{place}.txt": booster.text()
            for place, booster in enumerate(self.boosters)
        }
        described = HeadDocument(
            name=self.name,
            boosters=tuple(texts),
            logistic=self.logistic,
            constant=self.constant,
            note=self.note,
            logistic_share=self.logistic_share,
            is_grown_on_line=self.is_grown_on_line,
        )
        return described, texts


def levelled(parts: Floats, members: int) -> Floats:
    """Parts of so many members, of which the mean stays: the average stands in for the missing.

    Shape (members found, …) in, (members, …) out.
    """
    missing = members - parts.shape[0]
    average = np.broadcast_to(parts.mean(axis=0), (missing, *parts.shape[1:]))
    return np.concatenate([parts, average])


def head_from_document(
    described: HeadDocument, texts: Mapping[str, str], *, names: tuple[str, ...]
) -> Head:
    """The head that the JSON describes; `texts` hold verified LightGBM text by file name."""
    return Head(
        name=described.name,
        names=names,
        boosters=tuple(booster_from_text(texts[file]) for file in described.boosters),
        logistic=described.logistic,
        constant=described.constant,
        note=described.note,
        logistic_share=described.logistic_share,
        is_grown_on_line=described.is_grown_on_line,
    )
