"""Components: what an account is expected to bring and to cost, one booster for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from models.booster import Booster, Objective, booster_from_text
from models.document import document
from models.matrix import Floats, Matrix, matrix_of

FOLDER = "components"
Name = Literal["no_win", "growth", "bookings", "hours", "friction", "advocate", "self_renewer"]


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that is expected of the label window.

    Attributes:
        objective: what the booster minimises; it decides the range of the answers.
        low: outcomes below are learnt as this.
        high: outcomes above are learnt as this.
        meaning: with its unit.
    """

    name: Name
    objective: Objective
    low: float
    high: float
    meaning: str


COMPONENTS = (
    Component("no_win", "binary", 0.0, 1.0, "probability that nothing is won"),
    Component("growth", "regression", -1.0, 3.0, "growth over the reference, as a share"),
    Component("bookings", "tweedie", 0.0, np.inf, "bookings, in the currency of the book"),
    Component("hours", "tweedie", 0.0, np.inf, "hours that the account takes"),
    Component("friction", "cross_entropy", 0.0, 1.0, "friction, from 0 to 1"),
    Component("advocate", "binary", 0.0, 1.0, "probability of a referral or an easy renewal"),
    Component(
        "self_renewer",
        "binary",
        0.0,
        1.0,
        "probability, where a renewal is due, that it comes by itself",
    ),
)
"""Every component, in the order of the columns."""


@document
@dataclass(frozen=True, slots=True)
class ComponentDocument:
    """One component as JSON; the booster stays in a text file, named here.

    Attributes:
        constant: the answer for every account, where there was nothing to learn from.
        scale: the booster's answers are in this unit.
        note: why it is a constant; empty otherwise.
    """

    booster: str | None
    constant: float | None
    scale: float
    note: str


@document
@dataclass(frozen=True, slots=True)
class ComponentsDocument:
    """`components.json`."""

    names: tuple[str, ...]
    components: dict[str, ComponentDocument]


@dataclass(frozen=True, slots=True)
class ComponentHead:
    """One component: a booster and the unit of its answers, or a constant."""

    booster: Booster | None
    constant: float | None = None
    scale: float = 1.0
    note: str = ""

    def __post_init__(self) -> None:
        if (self.booster is None) == (self.constant is None):
            raise ValueError("expected a booster or a constant, not both or none")
        if not self.scale > 0.0:
            raise ValueError(f"expected a scale above 0, got {self.scale}")

    def expected(self, rows: Matrix) -> Floats:
        """One figure per row."""
        if self.booster is None:
            return np.full(rows.shape[0], self.constant)
        return self.booster.expected(rows) * self.scale


@dataclass(frozen=True, slots=True)
class ComponentModel:
    """The components that this CRM can tell; the others are not there.

    Attributes:
        names: the features that the boosters read, in order.
        heads: component → its head.
    """

    names: tuple[str, ...]
    heads: Mapping[str, ComponentHead]

    def __post_init__(self) -> None:
        known = {component.name for component in COMPONENTS}
        unknown = sorted(set(self.heads) - known)
        if unknown:
            raise ValueError(f"expected components out of {sorted(known)}, found {unknown}")
        for name, head in self.heads.items():
            if head.booster is not None and head.booster.names != self.names:
                raise ValueError(
                    f"component {name}: expected features {list(self.names)}, "
                    f"found {list(head.booster.names)}"
                )

    def predict(self, X: pl.DataFrame | Matrix) -> pl.DataFrame:
        """One column per component of `COMPONENTS`; null where this CRM cannot tell it."""
        rows = matrix_of(X, self.names)
        return pl.DataFrame(
            {
                component.name: self.heads[component.name].expected(rows)
                if component.name in self.heads
                else pl.Series([None] * rows.shape[0], dtype=pl.Float64)
                for component in COMPONENTS
            }
        )

    def to_document(self) -> tuple[ComponentsDocument, dict[str, str]]:
        """The model as JSON, and the text of each booster by file name."""
        texts = {
            f"{FOLDER}/{name}-0.txt": head.booster.text()
            for name, head in self.heads.items()
            if head.booster is not None
        }
        components = {
            name: ComponentDocument(
                booster=None if head.booster is None else f"{FOLDER}/{name}-0.txt",
                constant=head.constant,
                scale=head.scale,
                note=head.note,
            )
            for name, head in self.heads.items()
        }
        return ComponentsDocument(self.names, components), texts


def components_from_document(
    described: ComponentsDocument, texts: Mapping[str, str]
) -> ComponentModel:
    """The model that `components.json` describes; `texts` hold verified LightGBM text."""
    heads = {
        name: ComponentHead(
            booster=None if part.booster is None else booster_from_text(texts[part.booster]),
            constant=part.constant,
            scale=part.scale,
            note=part.note,
        )
        for name, part in described.components.items()
    }
    return ComponentModel(described.names, heads)
