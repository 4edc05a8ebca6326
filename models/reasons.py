"""Reasons: contributions in log-odds, told as sentences a seller understands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import polars as pl

from features.feature import Concept, Feature
from models.matrix import Floats, Matrix, matrix_of

MIN_CONTRIBUTION = 0.10
MOST = 5
HIDDEN: tuple[Concept, ...] = ("rep_context",)
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


@dataclass(frozen=True, slots=True)
class Explanation:
    """What each member said of each row, and what more or less of it means.

    Attributes:
        names: the columns of `parts`, which may hold columns beyond the catalogue.
        parts: log-odds, shape (members, rows, columns), without the base.
        shares: what each member counts for in the average; they sum to 1.
        base: per row; base + parts averaged by share and summed = the explained log-odds.
        raises: per row, the effect of a positive contribution, such as toward_a_list.
        lowers: per row, the effect of a negative one.
    """

    names: tuple[str, ...]
    parts: Floats
    shares: Floats
    base: Floats
    raises: tuple[str, ...]
    lowers: tuple[str, ...]

    def __post_init__(self) -> None:
        rows = self.parts.shape[1]
        if self.parts.shape[2] != len(self.names):
            raise ValueError(
                f"expected parts of {len(self.names)} columns, got {self.parts.shape[2]}"
            )
        if not rows == len(self.base) == len(self.raises) == len(self.lowers):
            raise ValueError(
                f"expected base, raises and lowers for {rows} rows, got "
                f"{len(self.base)}, {len(self.raises)} and {len(self.lowers)}"
            )

    def averaged(self) -> Floats:
        """Contributions per row and column."""
        return np.asarray(np.tensordot(self.shares, self.parts, axes=1))


@dataclass(frozen=True, slots=True)
class _Concepts:
    names: tuple[Concept, ...]
    totals: Floats
    is_shown: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    columns: Mapping[str, tuple[int, ...]]


def top_reasons(
    explanation: Explanation,
    X: pl.DataFrame,
    *,
    features: Sequence[Feature],
    as_of: Sequence[date],
    peers: pl.DataFrame | None = None,
) -> list[tuple[Reason, ...]]:
    """The strongest reasons per row, at most one per concept and five in all.

    A concept is shown when its summed contribution is at least `MIN_CONTRIBUTION` away from
    zero and every member agrees on the sign. Its sentence is about the feature that pulls
    hardest the same way and has a value. Fewer than two reasons: the caller says so.

    Args:
        X: feature values, rows as in the explanation.
        features: the catalogue's entries; columns outside it count but are never named.
        as_of: the day of each row.
        peers: what similar rows show, same rows and column names; null or absent = no norm.
            Of a category, none is told.
    """
    concepts = _concepts(explanation, features)
    order = np.argsort(-np.abs(concepts.totals), axis=1, kind="stable")
    telling = _Telling(
        catalogue={feature.name: feature for feature in features},
        names=explanation.names,
        values=_known(X, explanation.names),
        norms=_known(peers, explanation.names) if peers is not None else None,
        pulls=explanation.averaged(),
    )
    found: list[tuple[Reason, ...]] = []
    for row in range(len(as_of)):
        told: list[Reason] = []
        for place in order[row]:
            if len(told) == MOST or not concepts.is_shown[row, place]:
                continue
            is_up = bool(concepts.totals[row, place] > 0.0)
            effect = explanation.raises[row] if is_up else explanation.lowers[row]
            columns = concepts.columns[concepts.names[place]]
            column = telling.strongest(row, columns, sign=1.0 if is_up else -1.0)
            if column is None:
                continue
            reason = telling.reason(row, column, effect=effect, day=as_of[row])
            if reason.text:
                told.append(reason)
        found.append(tuple(told))
    return found


def reasons_column(rows: Sequence[Sequence[Reason]], name: str = "reasons") -> pl.Series:
    """The reasons as a List[Struct] column."""
    keys = [field.name for field in fields(Reason)]
    told = [[{key: getattr(reason, key) for key in keys} for reason in row] for row in rows]
    return pl.Series(name, told, dtype=pl.List(REASON))


@dataclass(frozen=True, slots=True)
class _Telling:
    catalogue: Mapping[str, Feature]
    names: tuple[str, ...]
    values: Matrix
    norms: Matrix | None
    pulls: Floats

    def strongest(self, row: int, columns: tuple[int, ...], *, sign: float) -> int | None:
        """The column that pulls hardest in that direction and has a value to speak of."""
        open_to = [
            column
            for column in columns
            if sign * self.pulls[row, column] > 0.0 and self._is_telling(row, column)
        ]
        return max(open_to, key=lambda column: sign * self.pulls[row, column], default=None)

    def _is_telling(self, row: int, column: int) -> bool:
        """There is a value, and it does not read like the peers' own."""
        value = float(self.values[row, column])
        if np.isnan(value):
            return False
        norm = self._norm(row, column)
        feature = self.catalogue[self.names[column]]
        if not feature.sentence:
            return False
        spec = feature.number_format
        return norm is None or _number(value, spec) != _number(norm, spec)

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
            text=_sentence(feature, value, peer),
            feature=feature.name,
            value=value,
            peer_value=peer,
            as_of=day,
        )


def _concepts(explanation: Explanation, features: Sequence[Feature]) -> _Concepts:
    place = {name: column for column, name in enumerate(explanation.names)}
    columns: dict[str, list[int]] = {}
    for feature in features:
        if feature.name in place and feature.concept not in HIDDEN:
            columns.setdefault(feature.concept, []).append(place[feature.name])
    beyond = [place[name] for name in explanation.names if name not in {f.name for f in features}]
    summed: dict[str, list[int]] = {name: list(of) for name, of in columns.items()}
    if "timing" in summed:
        summed["timing"] += beyond
    names = tuple(sorted(summed))
    rows = explanation.parts.shape[1]
    by_member = np.zeros((explanation.parts.shape[0], rows, len(names)))
    for column, name in enumerate(names):
        by_member[:, :, column] = explanation.parts[:, :, summed[name]].sum(axis=2)
    totals = np.asarray(np.tensordot(explanation.shares, by_member, axes=1))
    agrees = np.all(by_member > 0.0, axis=0) | np.all(by_member < 0.0, axis=0)
    return _Concepts(
        names=names,  # type: ignore[arg-type]
        totals=totals,
        is_shown=agrees & (np.abs(totals) >= MIN_CONTRIBUTION),
        columns={name: tuple(of) for name, of in columns.items()},
    )


def _known(X: pl.DataFrame, names: Sequence[str]) -> Matrix:
    absent = [pl.lit(None, dtype=pl.Float32).alias(name) for name in names if name not in X.columns]
    return matrix_of(X.with_columns(absent), names)


def _sentence(feature: Feature, value: float, peer: float | None) -> str:
    if feature.words:
        return feature.sentence.format(value=feature.words[round(value)].replace("_", " "))
    told = feature.sentence
    if value == 0.0 and feature.sentence_at_zero:
        told = feature.sentence_at_zero
    elif value < 0.0 and feature.sentence_below_zero:
        told, value = feature.sentence_below_zero, -value
    if peer is None:
        clauses = [clause for clause in told.split(";") if "{peer}" not in clause]
        told = ";".join(clauses).strip()
    texts = {"value": _number(value, feature.number_format)}
    if peer is not None:
        texts["peer"] = _number(peer, feature.number_format)
    return told.format(**texts)


def _number(value: float, spec: str) -> str:
    text = format(value, spec)
    return text.removeprefix("-") if not any(digit in text for digit in "123456789") else text
