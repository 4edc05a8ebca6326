"""Peer: Featuretools with cut-off times; for small sizes, and for what it can express.

It looks at one time per row. A row recorded late is therefore dated when it became known, and its
windows are counted from there: the answers are the same only where nothing is recorded late. Open
states have two times and are left out. Quotients are taken from its measures.
"""

import warnings
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
import polars as pl

from benchmarks.features.answer import KEYS, TIME, answer, spine
from benchmarks.features.core61 import MEASURES, SOURCES
from benchmarks.features.definition import PARTS, Measure
from benchmarks.features.pandas_plain import Frame, keeps, rows_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own imports are older than the libraries it stands on
    import featuretools as ft
    from featuretools.primitives import Count, NumUnique, Sum, TimeSinceLast

LEFT_OUT = tuple(measure.name for measure in MEASURES if measure.kind == "open")
"""Columns that come out as not known."""


def run(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """The 61 features of every account at every as_of, `LEFT_OUT` as null; in no order."""
    rows = spine(folder, as_ofs)
    wanted = [measure for measure in MEASURES if measure.name not in LEFT_OUT]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entities = _entities(folder, wanted)
        features = [_feature(entities, measure) for measure in wanted]
        cutoffs = pd.DataFrame(
            {
                "account_id": rows["account_id"].to_numpy(),
                "time": rows["as_of"].dt.replace_time_zone(None).to_numpy(),
            }
        )
        table = ft.calculate_feature_matrix(
            features,
            entities,
            cutoff_time=cutoffs,
            cutoff_time_in_index=True,
            include_cutoff_time=False,
        )
    told = _told(table.reset_index(), wanted)
    return answer(rows, [told], KEYS).with_columns(
        pl.lit(None, pl.Float32).alias(name) for name in LEFT_OUT
    )


def _told(table: Frame, wanted: Sequence[Measure]) -> pl.DataFrame:
    times = pl.Series(table["time"].to_numpy().astype("datetime64[us]"))
    columns = {
        measure.name: pl.Series(table[measure.name].to_numpy(float), nan_to_null=True)
        / _unit(measure)
        for measure in wanted
    }
    lacking = {name: pl.Series([None] * len(table), dtype=pl.Float32) for name in LEFT_OUT}
    keys = {
        "account_id": table["account_id"].to_numpy(dtype=str),
        "as_of": times.dt.replace_time_zone("UTC").cast(TIME),
    }
    return pl.DataFrame({**keys, **columns, **lacking})


def _unit(measure: Measure) -> float:
    """What its number is divided by: seconds to days, thousandths to the column's unit."""
    if measure.kind == "last":
        return 86_400.0
    return float(PARTS) if measure.kind == "sum" else 1.0


def _entities(folder: Path, wanted: Sequence[Measure]) -> ft.EntitySet:
    """Accounts, and a frame for each moment of each table with a flag for each measure."""
    entities = ft.EntitySet("crm")
    accounts = pd.read_parquet(folder / "accounts.parquet", columns=["account_id"])
    entities.add_dataframe(dataframe_name="accounts", dataframe=accounts, index="account_id")
    for source in SOURCES.values():
        table = rows_of(folder, source)
        moments = dict.fromkeys(m.moment for m in wanted if m.table == source.table)
        for moment in moments:
            measures = [m for m in wanted if (m.table, m.moment) == (source.table, moment)]
            name = f"{source.table}_{moment}"
            entities.add_dataframe(
                dataframe_name=name,
                dataframe=_events(table, measures),
                index="event",
                make_index=True,
                time_index="time",
            )
            entities.add_relationship("accounts", "account_id", name, "account_id")
    return entities


def _events(table: Frame, measures: Sequence[Measure]) -> Frame:
    """account_id, time, and for each measure a flag and the number it sums."""
    moment = table[measures[0].moment]
    time = table["known_from"].where(table["known_from"] > moment, moment)
    events = pd.DataFrame(
        {
            "account_id": table["account_id"],
            "time": time.dt.tz_localize(None),
        }
    )
    for measure in measures:
        events[f"is_{measure.name}"] = keeps(table, measure.where)
        if measure.kind == "sum":
            events[f"of_{measure.name}"] = (table[measure.column] * PARTS).round()
        elif measure.kind == "distinct":
            events[f"of_{measure.name}"] = table[measure.column].astype("category")
    return events[moment.notna()].reset_index(drop=True)


def _feature(entities: ft.EntitySet, measure: Measure) -> ft.FeatureBase:
    frame = entities[f"{measure.table}_{measure.moment}"]
    base, primitive = {
        "count": ("event", Count),
        "sum": (f"of_{measure.name}", Sum),
        "distinct": (f"of_{measure.name}", NumUnique),
        "last": ("time", TimeSinceLast),
    }[measure.kind]
    feature = ft.Feature(
        ft.Feature(frame.ww[base]),
        parent_dataframe_name="accounts",
        primitive=primitive,
        where=ft.Feature(frame.ww[f"is_{measure.name}"]) == True,  # noqa: E712  it builds a filter
        use_previous=f"{measure.days} days" if measure.days else None,
    )
    return feature.rename(measure.name)
