"""Loss reason: why a deal would be lost if it were, by the reasons that sellers record."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.booster import Booster, booster_from_text
from models.document import document
from models.matrix import Floats, Matrix, matrix_of

FOLDER = "loss_reason"
OTHER = "other"
"""Every reason too rare to be told apart, also one that the CRM has not used before."""
TOLD = 2
"""Reasons that an answer names."""
WAYS = pl.List(pl.Struct({"reason": pl.String(), "p": pl.Float64()}))
"""The likeliest reasons of a deal with P(reason | lost), likeliest first."""

_LEAST = 1e-9
Rows = tuple[tuple[float, ...], ...]
Deals = tuple[tuple[float | None, ...], ...]
"""Features of a bundle's golden deals; None is a value that is not known."""


@document
@dataclass(frozen=True, slots=True)
class LossReasonDocument:
    """`loss_reason.json`; the boosters stay in text files, named here.

    Attributes:
        golden: what the model says of the bundle's golden deals.
    """

    names: tuple[str, ...]
    reasons: tuple[str, ...]
    shares: tuple[float, ...]
    boosters: tuple[str, ...]
    lost: int
    coded: int
    note: str
    golden: Rows


@dataclass(frozen=True, slots=True)
class LossReasonModel:
    """P(reason | lost): a head, where it has beaten the shares of the book, else those shares.

    Attributes:
        names: the deal's features, in the order that the boosters read.
        reasons: the classes, in the order of the columns.
        shares: of the lost deals with a reason, as many as the reasons; they sum to 1.
        boosters: over all reasons, averaged in log-probabilities; none where shares are served.
        lost: lost deals known at the fit, count.
        coded: of them, with a reason; only those teach anything.
        note: how the head and the shares compared.
    """

    names: tuple[str, ...]
    reasons: tuple[str, ...]
    shares: tuple[float, ...]
    boosters: tuple[Booster, ...]
    lost: int
    coded: int
    note: str = ""

    def __post_init__(self) -> None:
        if len(set(self.reasons)) != len(self.reasons) or len(self.reasons) != len(self.shares):
            raise ValueError(
                f"expected a share for each of different reasons, found {list(self.reasons)} "
                f"and {list(self.shares)}"
            )
        if not self.shares or min(self.shares) <= 0.0 or abs(sum(self.shares) - 1.0) > 1e-9:
            raise ValueError(f"expected shares above 0 of sum 1, found {list(self.shares)}")
        if not 0 < self.coded <= self.lost:
            raise ValueError(
                f"expected 1 to {self.lost} lost deals with a reason, found {self.coded}"
            )
        if self.boosters and len(self.reasons) < 2:
            raise ValueError(f"expected no booster for one reason, found {len(self.boosters)}")
        for booster in self.boosters:
            if booster.names != self.names:
                raise ValueError(
                    f"loss reason: expected features {list(self.names)}, "
                    f"found {list(booster.names)}"
                )
            classes = booster.expected(np.zeros((0, len(self.names)), dtype=np.float32)).shape[1:]
            if classes != (len(self.reasons),):
                raise ValueError(
                    f"loss reason: expected boosters over {len(self.reasons)} reasons, "
                    f"found {classes[0] if classes else 1}"
                )

    @property
    def coverage(self) -> float:
        """Share of the lost deals that have a reason, 0 to 1."""
        return self.coded / self.lost

    @property
    def is_fitted(self) -> bool:
        """Whether it looks at the deal; else every deal gets the shares of the book."""
        return bool(self.boosters)

    def predict(self, X: pl.DataFrame | Matrix) -> pl.DataFrame:
        """P(reason | lost), one column per reason, one row per deal; rows sum to 1."""
        return pl.DataFrame(self._predicted(X), schema=list(self.reasons))

    def likeliest(self, X: pl.DataFrame | Matrix) -> pl.Series:
        """The two likeliest reasons per deal, as `WAYS`; of equal ones the first by name."""
        p = self._predicted(X)
        by_name = np.argsort(np.array(self.reasons))
        order = by_name[np.argsort(-p[:, by_name], axis=1, kind="stable")][:, :TOLD]
        told = [
            [{"reason": self.reasons[place], "p": float(row[place])} for place in places]
            for row, places in zip(p, order, strict=True)
        ]
        return pl.Series("likely_loss", told, dtype=WAYS)

    def largest_difference(self, deals: Deals, golden: Rows) -> float:
        """How far it is from the answers it gave; infinite where shapes differ."""
        said, wanted = self._golden(deals), np.array(golden, dtype=np.float64)
        if said.shape != wanted.shape or wanted.size == 0:
            return float("inf")
        gap = float(np.max(np.abs(said - wanted)))
        return gap if np.isfinite(gap) else float("inf")

    def to_document(self, deals: Deals) -> tuple[LossReasonDocument, dict[str, str]]:
        """The model as JSON with its answers for golden deals, and the boosters by file name."""
        texts = {
            f"{FOLDER}/reason-{place}.txt": booster.text()
            for place, booster in enumerate(self.boosters)
        }
        described = LossReasonDocument(
            names=self.names,
            reasons=self.reasons,
            shares=self.shares,
            boosters=tuple(texts),
            lost=self.lost,
            coded=self.coded,
            note=self.note,
            golden=tuple(tuple(float(p) for p in row) for row in self._golden(deals)),
        )
        return described, texts

    def _golden(self, deals: Deals) -> Floats:
        cells = [[np.nan if value is None else value for value in deal] for deal in deals]
        X = np.array(cells, dtype=np.float32).reshape(len(deals), len(self.names))
        return self._predicted(X)

    def _predicted(self, X: pl.DataFrame | Matrix) -> Floats:
        rows = matrix_of(X, self.names)
        if not self.boosters:
            return np.tile(np.array(self.shares), (rows.shape[0], 1))
        told = [np.log(np.maximum(booster.expected(rows), _LEAST)) for booster in self.boosters]
        p = np.exp(np.mean(told, axis=0))
        return np.asarray(p / p.sum(axis=1, keepdims=True))


def loss_reason_from_document(
    described: LossReasonDocument, texts: Mapping[str, str]
) -> LossReasonModel:
    """The model that `loss_reason.json` describes; `texts` hold verified LightGBM text."""
    return LossReasonModel(
        names=described.names,
        reasons=described.reasons,
        shares=described.shares,
        boosters=tuple(booster_from_text(texts[file]) for file in described.boosters),
        lost=described.lost,
        coded=described.coded,
        note=described.note,
    )
