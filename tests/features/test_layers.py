from datetime import timedelta

import polars as pl
import pytest

from features import layers
from features.build import ACCOUNT_GROUPS
from features.calendar import Calendar
from features.layers import BESIDE_CONTEXT, PLACE, Described, describe, together
from features.schema import AS_OF, ENTITY_ID, TIME
from features.snapshot import account_spine
from features.view import KEYS, View
from tests.factories import account, activity, book, day

DAYS = Calendar()


def described(*ids: str, night: float = 0) -> Described:
    """Accounts whose only column and only kept cell read their id."""
    rows = pl.DataFrame(
        {ENTITY_ID: ids, AS_OF: [day(night)] * len(ids), "told": ids},
        schema={ENTITY_ID: pl.String(), AS_OF: TIME, "told": pl.String()},
    )
    kept = rows.select("told").with_row_index(PLACE).with_columns(pl.col(PLACE).cast(pl.Int64))
    return Described(rows, {"some": pl.concat([kept, kept])})


def kept_of(told: Described) -> list[tuple[str, str]]:
    """Each kept cell beside the id of the row that it stands for."""
    kept = told.kept["some"]
    return sorted(zip(told.rows[ENTITY_ID].gather(kept[PLACE]), kept["told"], strict=True))


def test_what_was_kept_stays_with_its_row_wherever_the_row_goes() -> None:
    told = together([described("cedar", "acme"), described("bolt")])

    assert told.rows[ENTITY_ID].to_list() == ["acme", "bolt", "cedar"]
    assert kept_of(told) == [(name, name) for name in ("acme", "bolt", "cedar") for _ in range(2)]


def test_one_night_has_its_rows_by_id() -> None:
    both = together([described("cedar", "acme"), described("bolt", "acme", night=1)])

    tonight = both.at(day(1))

    assert tonight.rows["told"].to_list() == ["acme", "bolt"]
    assert kept_of(tonight) == [(name, name) for name in ("acme", "bolt") for _ in range(2)]


def test_accounts_without_rows_are_described_as_none() -> None:
    empty = book(accounts=[account()])
    spine = account_spine(empty, [day(-9999)]).collect()

    assert describe(empty, spine, DAYS).rows.height == 0


@pytest.mark.parametrize("nights", [1, 5])
def test_a_group_that_keeps_nothing_before_the_context_is_refused(
    nights: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(view: View) -> pl.LazyFrame:
        return view.spine.select(*KEYS)

    monkeypatch.setattr(layers, "BESIDE_CONTEXT", (*BESIDE_CONTEXT, careless))
    of = book(accounts=[account()], activities=[activity(at=day(-1))])
    as_ofs = [day(0) + timedelta(days=n) for n in range(nights)]

    with pytest.raises(RuntimeError, match="expected group careless to have something kept"):
        describe(of, account_spine(of, as_ofs).collect(), DAYS)


def test_the_groups_beside_the_context_are_groups_of_accounts() -> None:
    assert set(BESIDE_CONTEXT) < set(ACCOUNT_GROUPS)
