"""Kinds: every kind of leak of the gate, two seeded examples of each, and what catches them."""

from collections.abc import Mapping

import polars as pl

from features.feature import Entity
from features.schema import AS_OF
from tests.training.leaks.seeded import (
    AHEAD,
    CELLS,
    DAY,
    DROPPED,
    HISTORY,
    IS_OVER,
    LATE,
    MERGES,
    NAME,
    PERMUTED,
    SHIFTED,
    TIMES,
    WON,
    Leak,
    Seeded,
    at_newest_rate,
    at_or_before,
    cell_of,
    changes_at_or_before,
    counted,
    current,
    encoded_on_all_time,
    final_date,
    happened_before,
    imputed_on_all_time,
    in_label_window,
    merged_events,
    neighbouring_change,
    newest_quote,
    newest_usage,
    owner_rate,
    peers_on_all_time,
    scaled_on_all_time,
    usage_from_midnight,
    with_archive,
    without_merged,
)


def _leaks() -> Mapping[str, Seeded]:
    def one(kind: str, leak: Leak, *caught_by: str, of: Entity = "account") -> Seeded:
        return Seeded(kind, of, leak, caught_by)

    def late(table: str, column: str, days: int) -> Leak:
        return counted(table, happened_before(column, late=days * DAY))

    return {
        "activities of the next day": one(
            "window off by a day", late("activities", "occurred_at", 1), AHEAD, LATE
        ),
        "invoices of the next day": one(
            "window off by a day", late("invoices", "issued_at", 1), AHEAD, LATE
        ),
        "activities of the next three weeks": one(
            "window off by weeks", late("activities", "occurred_at", 21), DROPPED, PERMUTED
        ),
        "tickets of the next eight weeks": one(
            "window off by weeks", late("tickets", "opened_at", 56), DROPPED, AHEAD
        ),
        "activities at as_of": one(
            "≤ for <", counted("activities", at_or_before("occurred_at")), AHEAD, LATE
        ),
        "changes at as_of": one("≤ for <", changes_at_or_before, HISTORY, of="deal"),
        "activities recorded later": one(
            "recorded_at ignored",
            counted("activities", pl.col("occurred_at") < pl.col(AS_OF)),
            LATE,
        ),
        "invoices recorded later": one(
            "recorded_at ignored", counted("invoices", pl.col("issued_at") < pl.col(AS_OF)), LATE
        ),
        "today's stage": one(
            "current-state cell", current("opportunities", "stage"), HISTORY, of="deal"
        ),
        "today's segment": one("current-state cell", current("accounts", "segment"), HISTORY),
        "the next stage": one(
            "as-of join on the wrong side", neighbouring_change("forward"), HISTORY, of="deal"
        ),
        "the nearest stage": one(
            "as-of join on the wrong side", neighbouring_change("nearest"), HISTORY, of="deal"
        ),
        "a scaler": one("fitted on all time", scaled_on_all_time, TIMES, DROPPED),
        "an encoder": one("fitted on all time", encoded_on_all_time, CELLS, of="deal"),
        "an imputer": one("fitted on all time", imputed_on_all_time, TIMES, DROPPED),
        "invoices of peers": one(
            "peer norm over the future", peers_on_all_time("invoices", pl.col("amount")), TIMES
        ),
        "usage of peers": one(
            "peer norm over the future", peers_on_all_time("usage", pl.col("value")), TIMES
        ),
        "wins that were still open": one(
            "owner rate with open outcomes", owner_rate(WON), CELLS, of="deal"
        ),
        "ends that were still open": one(
            "owner rate with open outcomes", owner_rate(IS_OVER), CELLS, of="deal"
        ),
        "newest usage": one("deduplication by newest row", newest_usage, LATE),
        "newest quote": one("deduplication by newest row", newest_quote, DROPPED),
        "events of merged accounts": one("merge applied backwards", merged_events, MERGES),
        "accounts that will merge": Seeded(
            "merge applied backwards",
            "account",
            lambda _, spine, __: spine.with_columns(pl.lit(0.0).alias(NAME)),
            (MERGES,),
            without_merged,
        ),
        "invoices at today's rate": one(
            "exchange rate of the export day", at_newest_rate("invoices"), TIMES
        ),
        "deals at today's rate": one(
            "exchange rate of the export day", at_newest_rate("opportunities"), TIMES
        ),
        "deals of the archive": one(
            "archive union", with_archive("opportunities", "closed_at"), CELLS
        ),
        "tickets of the archive": one("archive union", with_archive("tickets", "closed_at"), LATE),
        "local hours as UTC": one("time-zone shift", counted("activities", SHIFTED), AHEAD),
        "days from midnight": one("time-zone shift", usage_from_midnight, AHEAD),
        "satisfaction of open tickets": one(
            "cell edited later", cell_of("tickets", pl.col("csat").sum()), CELLS
        ),
        "today's contract value": one(
            "cell edited later", cell_of("contracts", pl.col("annual_value").sum()), CELLS
        ),
        "a close date that only closed deals have": one(
            "cell edited later", cell_of("opportunities", IS_OVER.sum()), CELLS
        ),
        "deals won in the window": one(
            "label row in a feature", in_label_window("opportunities", "closed_at"), CELLS
        ),
        "invoices of the window": one(
            "label row in a feature", in_label_window("invoices", "issued_at"), DROPPED
        ),
        "days to the final close date": one(
            "calendar from the final close date", final_date("close_date"), HISTORY, of="deal"
        ),
        "days to the close": one(
            "calendar from the final close date", final_date("closed_at"), CELLS, of="deal"
        ),
    }


LEAKS: Mapping[str, Seeded] = _leaks()
"""Name → leak; each kind stands here twice or more."""
