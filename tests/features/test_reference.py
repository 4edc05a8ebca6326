"""Every feature is the number that its words say: the code beside a slow reference, row by row."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.catalogue import features_of
from features.feature import Entity
from features.schema import TABLES
from tests.factories import account, activity, change, day, deal
from tests.features.reference import registry
from tests.features.reference.awkward_books import Case, Shape, draw
from tests.features.reference.awkward_rows import MAKERS
from tests.features.reference.awkward_times import INSTANT
from tests.features.reference.comparison import REFERENCES, described, deviations, explained
from tests.features.reference.days import DAY, Zone
from tests.features.reference.not_yet import NOT_YET
from tests.features.reference.rows import World

ZONES = (
    Zone(),
    Zone("America/New_York", 2),
    Zone("Asia/Tokyo", 12),
    Zone("America/Santiago", 4),  # its clocks skip a midnight
)
FILLED = ("opportunities", "accounts", *MAKERS)
CELLS = [f"{name}.{c.name}" for name in FILLED for c in TABLES[name].columns if not c.is_required]
SHAPES = st.builds(
    Shape,
    seed=st.integers(min_value=0, max_value=2**31 - 1),
    zone=st.sampled_from(ZONES),
    rows_at_most=st.sampled_from((20, 8, 2, 0)),
    missing=st.frozensets(st.sampled_from([*MAKERS, "stages.sort_order", *CELLS]), max_size=3),
    empty=st.frozensets(st.sampled_from([*MAKERS, "stages"]), max_size=2),
)
FULL = [Shape(seed, ZONES[seed % 4], 20, frozenset(), frozenset()) for seed in range(8)]
DRAWN = settings(phases=(Phase.explicit, Phase.generate))
"""No shrinking: a book that parts code and reference is made small by leaving rows out."""


def of_rows(**rows: list) -> Case:
    """A case of these rows, all tables and columns there, described at the origin."""
    present = {name: frozenset(table.schema) for name, table in TABLES.items()}
    return Case(World(rows, present, day(0), Zone()), (day(0),))


@DRAWN
@given(shape=SHAPES)
def test_every_feature_is_what_its_words_say(shape: Shape) -> None:
    case = draw(shape)

    found = list(deviations(case))

    parts = sorted({f"{d.entity} feature {d.feature}" for d in found})
    assert not found, f"{', '.join(parts)} differ; {explained(case, found[0])}"


def test_the_books_make_every_feature_say_something() -> None:
    said: dict[str, set[float]] = defaultdict(set)

    for shape in FULL:
        for entity, frame in described(draw(shape)).items():
            for name in REFERENCES[entity]:
                said[f"{entity} {name}"] |= set(frame[name].drop_nulls())

    names = [f"{entity} {name}" for entity in REFERENCES for name in REFERENCES[entity]]
    assert [name for name in names if len(said[name]) < 2] == []


def stamps(case: Case) -> Iterator[tuple[str, datetime]]:
    """Every moment in the events of a case, with its table and column."""
    for table in MAKERS:
        for row in case.world.rows[table]:
            yield from ((f"{table}.{k}", v) for k, v in row.items() if isinstance(v, datetime))


def test_the_books_have_moments_on_every_edge_and_equal_ones() -> None:
    met: set[tuple[int, int]] = set()
    recorded = 0

    for case in map(draw, FULL):
        for name, moment in stamps(case):
            for back in (0, 30, 90, 180, 365):
                apart = (moment - case.as_ofs[0] + back * DAY) / INSTANT
                met |= {(back, int(apart))} if abs(apart) <= 1 else set()
            recorded += name.endswith("recorded_at") and moment in case.as_ofs
    equal = [case for case in map(draw, FULL) if len(set(stamps(case))) < len(list(stamps(case)))]

    assert met == {(back, apart) for back in (0, 30, 90, 180, 365) for apart in (-1, 0, 1)}
    assert recorded > 0
    assert len(equal) == len(FULL)


def test_a_deviation_names_the_feature_and_both_numbers_and_the_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(registry.DEAL, "pushes", lambda deal, as_of, known: 7.0)
    rows = {
        "accounts": [account()],
        "opportunities": [deal()],
        "opportunity_changes": [change("close_date", "2026-01-01", "2026-02-01", at=day(-3))],
        "activities": [activity(at=day(-1))],
    }
    case = of_rows(**rows)

    found = list(deviations(case))

    assert [(d.feature, d.by_code, d.by_reference) for d in found] == [("pushes", 1.0, 7.0)]
    told = explained(case, found[0])
    assert "deal feature pushes of deal-1 as of 2026-01-01T00:00:00+00:00" in told
    assert "the code says 0.0, the reference 7.0" in told
    assert "opportunities: " in told
    assert "activities: " not in told


@pytest.mark.parametrize("entity", ["account", "deal"])
def test_a_feature_without_a_reference_is_named(entity: Entity) -> None:
    names = {feature.name for feature in features_of(entity)}
    without = names - set(REFERENCES[entity])
    print(f"{entity} features not yet in the reference: {sorted(without)}")  # noqa: T201

    assert sorted(without - NOT_YET[entity]) == [], "see docs/add-a-feature.md, section 5"
    assert sorted(NOT_YET[entity] & set(REFERENCES[entity])) == []
    assert sorted(set(REFERENCES[entity]) - names) == []
