"""Telling: which concepts of a row are told, and through which feature of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import TypeAlias

import numpy as np
import polars as pl

from features.feature import Feature
from models.matrix import Floats, Matrix, matrix_of
from models.reasons.explanation import Concepts, Explanation, concepts_of
from models.reasons.sentence import Manner, sentence

MIN_CONTRIBUTION = 0.10
HYSTERESIS = 0.20
"""By how much less a concept that was told before has to say, and is outdone by another."""
MOST = 5
REASON = pl.Struct(
    {
        "concept": pl.String,
        "effect": pl.String,
        "text": pl.String,
        "feature": pl.String,
        "value": pl.Float64,
        "peer_value": pl.Float64,
        "as_of": pl.Date,
    }
)

Shown: TypeAlias = Sequence[tuple[str, str]]
"""Concept and effect of each reason of a row, in the order in which they were told."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a score is what it is, in one sentence about one feature of one concept."""

    concept: str
    effect: str
    text: str
    feature: str
    value: float
    peer_value: float | None
    as_of: date


def top_reasons(  # noqa: PLR0913 - what a row says, what is known beside it, and how it is told
    explanation: Explanation,
    X: pl.DataFrame,
    *,
    features: Sequence[Feature],
    as_of: Sequence[date],
    peers: pl.DataFrame | None = None,
    shown: Sequence[Shown] | None = None,
    manner: Manner | None = None,
) -> list[tuple[Reason, ...]]:
    """The strongest reasons per row, at most one per concept and five in all.

    A concept is told when its summed contribution is at least `MIN_CONTRIBUTION` away from
    zero and every member agrees on the sign. One that was told before with the same effect
    stays down to `1 - HYSTERESIS` of that, and keeps its place before all that it outweighs
    with as much in hand: a retrained model does not change its story over a trifle. The
    sentence is about the feature that pulls hardest the same way and has a value. Fewer than
    two reasons: the caller says that there is no clear driver.

    Args:
        X: feature values, rows as in the explanation.
        features: the catalogue's entries; columns outside it count but are never named.
        as_of: the day of each row.
        peers: what similar rows show, same rows and column names; null or absent = no norm.
            Of a category, none is told.
        shown: what was told of each row before; nothing when absent.
        manner: how values are written; American, without a currency, when absent.

    Raises:
        ValueError: when as_of or shown are not as many as the rows.
    """
    rows = X.height
    before = [()] * rows if shown is None else shown
    if not rows == len(as_of) == len(before) == len(explanation.base):
        raise ValueError(
            f"expected as_of, shown and an explanation of {rows} rows, got "
            f"{len(as_of)}, {len(before)} and {len(explanation.base)}"
        )
    concepts = concepts_of(explanation, features)
    telling = _Telling(
        catalogue={feature.name: feature for feature in features},
        names=explanation.names,
        values=_known(X, explanation.names),
        norms=_known(peers, explanation.names) if peers is not None else None,
        pulls=explanation.averaged(),
        manner=manner or Manner(),
    )
    found: list[tuple[Reason, ...]] = []
    for row in range(rows):
        told: list[Reason] = []
        effects = (explanation.lowers[row], explanation.raises[row])
        for place in _order(concepts, row, effects=effects, shown=before[row]):
            sign = float(np.sign(concepts.totals[row, place]))
            columns = concepts.columns[concepts.names[place]]
            column = telling.strongest(row, columns, sign=sign)
            if column is not None and len(told) < MOST:
                effect = effects[int(sign > 0.0)]
                told.append(telling.reason(row, column, effect=effect, day=as_of[row]))
        found.append(tuple(told))
    return found


def reasons_column(rows: Sequence[Sequence[Reason]], name: str = "reasons") -> pl.Series:
    """The reasons as a List[Struct] column."""
    keys = [field.name for field in fields(Reason)]
    told = [[{key: getattr(reason, key) for key in keys} for reason in row] for row in rows]
    return pl.Series(name, told, dtype=pl.List(REASON))


def shown_in(former: pl.DataFrame, key: str) -> dict[str, Shown]:
    """What a published part told, by id: the state that hysteresis needs, and no more.

    Args:
        former: `key` and reasons, one row per account or deal.
        key: the column of the id.
    """
    told = former.select(key, "reasons").rows()
    return {
        who: tuple((reason["concept"], reason["effect"]) for reason in reasons or ())
        for who, reasons in told
    }


def dated(reason: Reason, manner: Manner) -> str:
    """The sentence with the day from which its windows are counted back, to be read alone."""
    return f"As of {manner.locale.day(reason.as_of)}: {reason.text}"


def _order(
    concepts: Concepts, row: int, *, effects: tuple[str, str], shown: Shown
) -> tuple[int, ...]:
    """Places of the concepts to tell, strongest first; equal ones by name.

    Those told before begin in their former order. One passes the one before it when even less
    the hysteresis it is stronger; so what was told is told again alike, run after run.
    """
    totals = concepts.totals[row]
    strength = np.abs(totals)
    former = {told: place for place, told in enumerate(shown)}
    stood = [
        former.get((name, effects[int(total > 0.0)]))
        for name, total in zip(concepts.names, totals, strict=True)
    ]
    least = [MIN_CONTRIBUTION * (1.0 if place is None else 1.0 - HYSTERESIS) for place in stood]
    is_told = concepts.is_agreed[row] & (strength >= np.array(least))
    places = [place for place in range(len(stood)) if is_told[place]]
    kept = sorted((p for p in places if stood[p] is not None), key=lambda p: stood[p] or 0)
    new = sorted((p for p in places if stood[p] is None), key=lambda p: -strength[p])
    order: list[int] = []
    for place in (*kept, *new):
        at = len(order)
        while at > 0 and _passes(place, order[at - 1], strength=strength, stood=stood):
            at -= 1
        order.insert(at, place)
    return tuple(order)


def _passes(place: int, other: int, *, strength: Floats, stood: Sequence[int | None]) -> bool:
    """Whether a concept is told before the other, which holds its place if it was told before."""
    margin = 1.0 if stood[other] is None else 1.0 - HYSTERESIS
    return bool(strength[place] * margin > strength[other])


@dataclass(frozen=True, slots=True)
class _Telling:
    catalogue: Mapping[str, Feature]
    names: tuple[str, ...]
    values: Matrix
    norms: Matrix | None
    pulls: Floats
    manner: Manner

    def strongest(self, row: int, columns: tuple[int, ...], *, sign: float) -> int | None:
        """The column that pulls hardest in that direction and has a value to speak of."""
        pulls = {column: sign * float(self.pulls[row, column]) for column in columns}
        hardest_first = sorted((c for c in columns if pulls[c] > 0.0), key=lambda c: -pulls[c])
        return next((column for column in hardest_first if self._is_telling(row, column)), None)

    def _is_telling(self, row: int, column: int) -> bool:
        """There is a value, and it does not read like the peers' own."""
        value = float(self.values[row, column])
        if np.isnan(value):
            return False
        norm = self._norm(row, column)
        feature = self.catalogue[self.names[column]]
        if not feature.sentence:
            return False
        written = self.manner.written
        return norm is None or written(value, feature) != written(norm, feature)

    def _norm(self, row: int, column: int) -> float | None:
        """What the peers show; None where not known, and for a code, which has no middle."""
        if self.norms is None or self.catalogue[self.names[column]].vocabulary:
            return None
        norm = float(self.norms[row, column])
        return None if np.isnan(norm) else norm

    def reason(self, row: int, column: int, *, effect: str, day: date) -> Reason:
        """The sentence of one feature of one row."""
        feature = self.catalogue[self.names[column]]
        value = float(self.values[row, column])
        peer = self._norm(row, column)
        return Reason(
            concept=feature.concept,
            effect=effect,
            text=sentence(feature, value, peer, self.manner),
            feature=feature.name,
            value=value,
            peer_value=peer,
            as_of=day,
        )


def _known(X: pl.DataFrame, names: Sequence[str]) -> Matrix:
    absent = [pl.lit(None, dtype=pl.Float32).alias(name) for name in names if name not in X.columns]
    return matrix_of(X.with_columns(absent), names)
