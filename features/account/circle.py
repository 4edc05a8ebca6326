"""How wide the circle of people is: how evenly contact spreads, who stays, and the champion.

Seniority and decision makers are current values without a history, so they are no feature; who
takes part, and in how many months, stands in for them.
"""

import polars as pl

from features.activity import is_contact, is_personal, is_touch
from features.feature import Feature
from features.schema import AS_OF, OCCURRED_AT
from features.view import KEYS, View, block, days_since, feature, in_window, ratio

_AT = pl.col(OCCURRED_AT)
_NEEDS = ("activities.direction", "activities.contact_id")
_NOT_WITH_WHOM = "the CRM does not say with whom"
_STEADY_MONTHS = 3
_MONTHS, _DAYS = 12, 30

FEATURES = (
    Feature(
        name="effective_contacts_365d",
        meaning="Over how many people the account's own part is spread: n squared over the sum of "
        "the squared counts per contact_id, n being their sum, of the rows of the last 365 days "
        "(of 24 hours, exactly 365 included) in which a person took part (an inbound row, an "
        "outbound one marked answered, or a mutual one, with a contact_id). Automated rows left "
        "out.",
        unit="people",
        concept="relationship",
        needs=_NEEDS,
        null_means="nobody known by name took part in the last 365 days",
        sentence="contact in a year spread as over {value} people; similar accounts {peer}",
        number_format=",.1f",
    ),
    Feature(
        name="top_contact_share_365d",
        meaning="Share of the outbound activities with a contact_id, last 365 days (of 24 hours, "
        "exactly 365 included), that went to the contact_id with the most of them. Automated rows "
        "left out.",
        unit="share",
        concept="relationship",
        needs=_NEEDS,
        null_means="no touch with a known person in the last 365 days",
        sentence="{value} of our touches in a year went to one person; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="answering_people_share_365d",
        meaning="Share of the people (contact_id) with an outbound activity in the last 365 days "
        "(of 24 hours, exactly 365 included) who also took part in them (as in "
        "effective_contacts_365d, before or after the touch). Automated rows left out.",
        unit="share",
        concept="relationship",
        needs=_NEEDS,
        null_means="no touch with a known person in the last 365 days",
        sentence="{value} of the people we contacted in a year answered; similar accounts {peer}",
        number_format=".0%",
        sentence_at_zero="none of the people we contacted in a year answered; similar accounts "
        "{peer}",
    ),
    Feature(
        name="steady_people_12m",
        meaning="People (contact_id) who took part (as in effective_contacts_365d) in at least 3 "
        "of the last 12 months. Months are blocks of 30 days of 24 hours counted back from as_of; "
        "a row exactly 30 k days before as_of is in block k. Automated rows left out.",
        unit="count",
        concept="relationship",
        needs=_NEEDS,
        null_means=_NOT_WITH_WHOM,
        sentence="{value} people in touch in 3 or more of the last 12 months; similar "
        "accounts {peer}",
        sentence_at_zero="nobody in touch in 3 or more of the last 12 months; similar accounts "
        "{peer}"
        " people",
    ),
    Feature(
        name="broad_months_12",
        meaning="Months of the last 12, as in steady_people_12m, in which at least two people "
        "(contact_id) took part (as in effective_contacts_365d).",
        unit="months",
        concept="relationship",
        needs=_NEEDS,
        null_means=_NOT_WITH_WHOM,
        sentence="two people or more in {value} of the last 12 months; similar accounts {peer}",
        sentence_at_zero="never two people in one of the last 12 months; similar accounts in "
        "{peer}",
    ),
    Feature(
        name="champion_silence_days",
        meaning="Days of 24 hours, with parts of one, since the champion last took part, the last "
        "90 days too. The champion is the contact_id that took part most often (as in "
        "effective_contacts_365d, by rows) more than 90 and at most 365 days before as_of; of "
        "several with as many rows, the one heard from last up to as_of.",
        unit="days",
        concept="relationship",
        needs=_NEEDS,
        null_means="nobody known by name took part 91 to 365 days before",
        sentence="the most active person was last heard from {value} days ago; similar accounts "
        "{peer}",
        sentence_at_zero="the most active person was heard from today; similar accounts {peer} "
        "days ago",
    ),
    Feature(
        name="champion_left",
        meaning="1 when every champion (as in champion_silence_days, all of several with as many "
        "rows) is a contact of the account known to have left before as_of, else 0; a contact "
        "without created_at, or entered at or after as_of, is not known to have left.",
        unit="flag",
        concept="relationship",
        needs=(*_NEEDS, "contacts.created_at", "contacts.left_at"),
        null_means="nobody known by name took part 91 to 365 days before",
        sentence="the most active person has left",
        sentence_at_zero="the most active person is still there",
    ),
)


def effective_contacts() -> pl.Expr:
    """The inverse Herfindahl index of the counts; whole numbers, so that no order matters."""
    counts = pl.col("took_part").cast(pl.Int64)
    return ratio(counts.sum() * counts.sum(), (counts * counts).sum())


def circle(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    rows = view.known(
        "activities",
        within=365,
        where=is_personal() & pl.col("contact_id").is_not_null(),
        columns={"touched": is_touch().cast(pl.UInt32), "took_part": is_contact().cast(pl.UInt32)},
    )
    people = _people(rows)
    touched = pl.col("touched")
    answering = (touched > 0) & (pl.col("took_part") > 0)
    steady = pl.col("months").bitwise_count_ones() >= _STEADY_MONTHS
    told = people.group_by(*KEYS).agg(
        feature(effective_contacts(), "effective_contacts_365d"),
        feature(ratio(touched.max(), touched.sum()), "top_contact_share_365d"),
        feature(ratio(answering.sum(), (touched > 0).sum()), "answering_people_share_365d"),
        feature(steady.sum(), "steady_people_12m"),
        feature(broad_months(), "broad_months_12"),
    )
    joined = view.keys.join(told, on=KEYS, how="left").join(
        _champions(view, people), on=KEYS, how="left"
    )
    return view.beside(
        joined.select(*KEYS, *(entry.name for entry in FEATURES)),
        zeros=("steady_people_12m", "broad_months_12"),
    )


def broad_months() -> pl.Expr:
    """Months in which at least two people took part."""
    in_month = (pl.col("months") & (1 << month) > 0 for month in range(_MONTHS))
    return pl.sum_horizontal((people.sum() >= 2).cast(pl.Int64) for people in in_month)


def _people(rows: pl.LazyFrame) -> pl.LazyFrame:
    """One row per KEYS and person: how often we reached out, they took part, and when last.

    `months` has a bit for each month in which the person took part, the lowest for the newest.
    """
    took_part = pl.col("took_part") > 0
    month = pl.lit(2, dtype=pl.Int64).pow(block(_AT, _DAYS))
    in_year = took_part & in_window(_AT, 0, _DAYS * _MONTHS)
    return (
        rows.select(
            *KEYS,
            AS_OF,
            "contact_id",
            "touched",
            "took_part",
            (took_part & in_window(_AT, 90, 365)).cast(pl.UInt32).alias("earlier"),
            pl.when(in_year).then(month).otherwise(0).alias("months"),
            pl.when(took_part).then(_AT).alias("last"),
        )
        .group_by(*KEYS, "contact_id")
        .agg(
            pl.col("touched", "took_part", "earlier").sum(),
            pl.col("months").bitwise_or(),
            pl.col("last").max(),
            pl.col(AS_OF).first(),
        )
        .with_columns(days_since(pl.col("last")).alias("silent"))
    )


def _champions(view: View, people: pl.LazyFrame) -> pl.LazyFrame:
    gone = (
        view.known("contacts")
        .group_by(*KEYS, "contact_id")
        .agg(pl.col("left_at").is_not_null().any().alias("has_left"))
    )
    most = pl.col("earlier").max().over(*KEYS)
    return (
        people.filter((pl.col("earlier") > 0) & (pl.col("earlier") == most))
        .join(gone, on=[*KEYS, "contact_id"], how="left")
        .group_by(*KEYS)
        .agg(
            feature(pl.col("silent").min(), "champion_silence_days"),
            feature(pl.col("has_left").fill_null(value=False).all(), "champion_left"),
        )
    )
