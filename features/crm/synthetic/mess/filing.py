"""Filing: under which of two records of a customer a later touch or contact was put."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from features.schema import ACCOUNT_ID, OCCURRED_AT, OPPORTUNITY_ID, conform

_TO = "_to"
_BORN = "_born"
_LOT = "_lot"


def refiled(
    rng: np.random.Generator,
    tables: Mapping[str, pl.DataFrame],
    seconds: pl.DataFrame,
    *,
    share: float,
) -> dict[str, pl.DataFrame]:
    """Move a share of the later contacts and touches to the second records.

    A contact moves when it is newer than the second record and takes part in no deal; all its
    touches move with it. Of the other touches, those without a deal and without a contact move
    that came in by themselves: inbound and automated ones.

    Args:
        rng: one number per activity and one per contact, in the order of the tables.
        tables: contract tables by name.
        seconds: first_id, account_id and created_at of the second records that still stand.
        share: of the rows that could move.
    """
    done = dict(tables)
    target = seconds.select(
        pl.col("first_id").alias(ACCOUNT_ID),
        pl.col(ACCOUNT_ID).alias(_TO),
        pl.col("created_at").alias(_BORN),
    )
    activities, contacts = tables.get("activities"), tables.get("contacts")
    lots = rng.random(0 if activities is None else activities.height)
    moved = pl.DataFrame(schema={"contact_id": pl.String, "_with": pl.String})
    if contacts is not None:
        drawn = contacts.with_columns(pl.Series(_LOT, rng.random(contacts.height)))
        moved = _moved_contacts(drawn, target, tables).filter(pl.col(_LOT) < share).drop(_LOT)
        done["contacts"] = _with_contacts(contacts, moved)
    if activities is not None:
        drawn = activities.with_columns(pl.Series(_LOT, lots))
        done["activities"] = _with_touches(drawn, target, moved, share)
    return done


def _moved_contacts(
    contacts: pl.DataFrame, target: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """contact_id, `_with` (the second record) and `_lot` of the contacts that could move."""
    movable = contacts.join(target, on=ACCOUNT_ID).filter(pl.col("created_at") > pl.col(_BORN))
    if "opportunity_contacts" in tables:
        movable = movable.join(tables["opportunity_contacts"], on="contact_id", how="anti")
    if "activities" in tables:
        of_deals = tables["activities"].filter(pl.col(OPPORTUNITY_ID).is_not_null())
        movable = movable.join(of_deals, on="contact_id", how="anti")
    return movable.select("contact_id", pl.col(_TO).alias("_with"), _LOT)


def _with_contacts(contacts: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    frame = (
        contacts.join(moved, on="contact_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("_with", ACCOUNT_ID).alias(ACCOUNT_ID))
        .drop("_with")
    )
    return conform("contacts", frame.lazy()).collect()


def _with_touches(
    activities: pl.DataFrame, target: pl.DataFrame, moved: pl.DataFrame, share: float
) -> pl.DataFrame:
    """The activities after the moved contacts and the loose touches have gone over."""
    comes_in = (pl.col("direction") == "inbound") | pl.col("automated")
    is_loose = pl.col(OPPORTUNITY_ID).is_null() & pl.col("contact_id").is_null()
    is_later = pl.col(OCCURRED_AT) > pl.col(_BORN)
    goes = comes_in & is_loose & is_later & (pl.col(_LOT) < share)
    loose = pl.when(goes).then(pl.col(_TO))
    frame = (
        activities.join(target, on=ACCOUNT_ID, how="left", maintain_order="left")
        .join(moved, on="contact_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("_with", loose, ACCOUNT_ID).alias(ACCOUNT_ID))
        .drop(_TO, _BORN, _LOT, "_with")
    )
    return conform("activities", frame.lazy()).collect()
