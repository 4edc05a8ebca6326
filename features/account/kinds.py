"""What kind the last contact was of: categories, coded by the vocabularies beside them."""

import polars as pl

from features.activity import is_personal, is_reply, is_touch
from features.category import ACTIVITY_KINDS, coded
from features.feature import Feature
from features.schema import PHASES
from features.view import KEYS, View, cell_of_newest, feature

_NEEDS = ("activities.direction",)
_TIES = "of equal moments the kind that comes first in the vocabulary; automated rows left out."

FEATURES = (
    Feature(
        name="newest_touch_kind",
        meaning=f"Kind of the newest outbound activity; {_TIES}",
        unit="category",
        concept="engagement",
        needs=_NEEDS,
        null_means="no touch yet",
        sentence="kind of our last touch: {value}",
        vocabulary=ACTIVITY_KINDS,
    ),
    Feature(
        name="newest_reply_kind",
        meaning="Kind of the newest reply, an inbound activity or an outbound one that was "
        f"answered; {_TIES}",
        unit="category",
        concept="engagement",
        needs=_NEEDS,
        null_means="it never replied",
        sentence="kind of their last reply: {value}",
        vocabulary=ACTIVITY_KINDS,
    ),
    Feature(
        name="newest_phase",
        meaning="Phase of the newest activity that names one; of equal moments the phase that "
        "comes first in the vocabulary; automated rows left out.",
        unit="category",
        concept="relationship",
        needs=("activities.phase",),
        null_means="no activity with a phase yet",
        sentence="phase of the last activity: {value}",
        vocabulary=PHASES,
    ),
)


_KIND, _PHASE = coded(pl.col("kind"), ACTIVITY_KINDS), coded(pl.col("phase"), PHASES)

MEASURES = (
    cell_of_newest("touch_kind", _KIND, is_personal() & is_touch()),
    cell_of_newest("reply_kind", _KIND, is_personal() & is_reply()),
    cell_of_newest("phase", _PHASE, is_personal() & pl.col("phase").is_not_null()),
)


def kinds(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    return view.measured("activities", MEASURES).select(
        *KEYS,
        feature(pl.col("touch_kind"), "newest_touch_kind"),
        feature(pl.col("reply_kind"), "newest_reply_kind"),
        feature(pl.col("phase"), "newest_phase"),
    )
