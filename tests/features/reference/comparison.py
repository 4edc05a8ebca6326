"""The features of the code beside those of the reference, and the smallest book that parts them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.build import account_features, deal_features
from features.calendar import Calendar
from features.catalogue import features_of
from features.context import build_context
from features.feature import Entity
from features.schema import AS_OF, ENTITY_ID
from features.snapshot import account_spine, deal_spine
from tests.factories import Row
from tests.features.reference import (
    account_deals,
    account_outcomes,
    account_pipeline,
    advocacy,
    cadence,
    circle,
    contracts,
    deal_covenants,
    deal_coverage,
    deal_customer,
    deal_forecast,
    deal_moves,
    deal_offers,
    deal_path,
    deal_periods,
    deal_pushes,
    deal_rhythm,
    deal_terms,
    deal_touches,
    deal_workload,
    discounts,
    effort,
    exchange,
    invoices,
    kinds,
    money,
    next_steps,
    orders,
    payment,
    registry,
    renewals,
    season,
    segments,
    service,
    tickets,
    touches,
    traits,
    usage,
)
from tests.features.reference.awkward_books import Case

MODULES = (
    account_deals,
    account_outcomes,
    account_pipeline,
    advocacy,
    cadence,
    circle,
    contracts,
    deal_covenants,
    deal_coverage,
    deal_customer,
    deal_forecast,
    deal_moves,
    deal_offers,
    deal_path,
    deal_periods,
    deal_pushes,
    deal_rhythm,
    deal_terms,
    deal_touches,
    deal_workload,
    discounts,
    effort,
    exchange,
    invoices,
    kinds,
    money,
    next_steps,
    orders,
    payment,
    renewals,
    season,
    segments,
    service,
    tickets,
    touches,
    traits,
    usage,
)
"""Where the references are; to import a module is to register them."""

REFERENCES = {"account": registry.ACCOUNT, "deal": registry.DEAL}


NEARLY = {"usage_trend": 0.00101, "account_usage_trend": 0.00101}
"""Features that may differ, and by how much.

The change of each metric is rounded to thousandths before the mean: a last bit of Float64, in
which two ways to divide may differ, becomes a thousandth where the change lies between two.
"""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One cell in which the code and the reference differ."""

    entity: Entity
    feature: str
    who: str
    as_of: datetime
    by_code: float | None
    by_reference: float | None

    def __str__(self) -> str:
        return (
            f"{self.entity} feature {self.feature} of {self.who} as of {self.as_of.isoformat()}: "
            f"the code says {self.by_code}, the reference {self.by_reference}"
        )


def described(case: Case) -> dict[Entity, pl.DataFrame]:
    """What the code says of every account and open deal of the case."""
    book, zone = case.book, case.world.zone
    calendar = Calendar(zone.name, zone.first_month)
    context = build_context(book, case.as_ofs, calendar)
    accounts, deals = account_spine(book, case.as_ofs), deal_spine(book, case.as_ofs)
    return {
        "account": account_features(book, accounts, context, calendar),
        "deal": deal_features(book, deals, context, calendar),
    }


def deviations(case: Case) -> Iterator[Deviation]:
    """Every cell in which code and reference differ."""
    known = {as_of: case.world.at(as_of) for as_of in case.as_ofs}
    for entity, frame in described(case).items():
        needs = {f.name: f.needs for f in features_of(entity) if f.name in REFERENCES[entity]}
        told = {name: case.world.has(needed) for name, needed in needs.items()}
        for row in frame.iter_rows(named=True):
            who, as_of = row[ENTITY_ID], row[AS_OF]
            for name, is_told in told.items():
                reference = REFERENCES[entity][name]
                number = rounded(reference(who, as_of, known[as_of]) if is_told else None)
                if not is_equal(name, row[name], number):
                    yield Deviation(entity, name, who, as_of, row[name], number)


def is_equal(name: str, by_code: float | None, by_reference: float | None) -> bool:
    """Whether both are the same Float32, bit for bit, or null both; but see `NEARLY`."""
    if by_code is None or by_reference is None or name not in NEARLY:
        return by_code == by_reference
    return abs(by_code - by_reference) <= NEARLY[name]


def rounded(number: float | None) -> float | None:
    """The nearest Float32."""
    return None if number is None else struct.unpack("f", struct.pack("f", number))[0]


def explained(case: Case, deviation: Deviation) -> str:
    """The deviation, with the rows of a smallest book that still has one in that feature."""
    small = smallest(case, deviation)
    now = _of_feature(small, deviation) or deviation
    lines = [
        f"  {table}: " + ", ".join(f"{k}={v}" for k, v in line.items() if v is not None)
        for table, rows in small.world.rows.items()
        for line in rows
    ]
    world = f"zone {small.world.zone}, observed until {small.world.observed_until.isoformat()}"
    return "\n".join([str(now), f"  {world}", *lines])


def smallest(case: Case, deviation: Deviation) -> Case:
    """Leave rows out, many at first, then one by one, as long as the feature still differs."""
    lines = [(table, line) for table, rows in case.world.rows.items() for line in rows]
    size = len(lines) // 2
    while size > 0:
        at = 0
        while at < len(lines):
            fewer = lines[:at] + lines[at + size :]
            if _of_feature(case.with_rows(_tables(fewer)), deviation) is None:
                at += size
            else:
                lines = fewer
        size //= 2
    return case.with_rows(_tables(lines))


def _tables(lines: list[tuple[str, Row]]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for table, line in lines:
        rows.setdefault(table, []).append(line)
    return rows


def _of_feature(case: Case, deviation: Deviation) -> Deviation | None:
    """The first deviation of the same feature; None when there is none."""
    alike = (deviation.entity, deviation.feature)
    return next((d for d in deviations(case) if (d.entity, d.feature) == alike), None)
