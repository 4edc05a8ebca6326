"""DecisionPolicy: how probabilities become a displayed bucket and a confidence."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from models.policy.label import BUCKETS
from models.policy.record import policy_hash, to_mapping

EXPECTED_BOOKINGS = "expected_bookings"
"""Column: what an account is expected to book in the label window, in base currency."""
KEPT_SHARE = 0.10
"""Share of the walk-away accounts that stay in pursuit."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What one action is worth to the seller by what the account turns out to be."""

    a_list: float
    pain: float
    walk_away: float
    steady: float


@dataclass(frozen=True, slots=True)
class UtilityPolicy:
    """What each action is worth; the unit is a well-served A-list account.

    Attributes:
        invest: what an account shown as A-list gets.
        ration: as pain.
        stop: as walk-away.
        serve: as steady.
    """

    invest: Worth = Worth(a_list=1.0, pain=-0.2, walk_away=-0.5, steady=0.2)
    ration: Worth = Worth(a_list=-0.6, pain=0.6, walk_away=0.1, steady=0.2)
    stop: Worth = Worth(a_list=-1.0, pain=0.0, walk_away=0.7, steady=-0.4)
    serve: Worth = Worth(a_list=0.2, pain=-0.2, walk_away=-0.1, steady=0.4)

    def of(self, bucket: str) -> dict[str, float]:
        """Worth of showing the bucket, by label.

        >>> UtilityPolicy().of("pain")["walk_away"]
        0.1
        """
        action = {
            "a_list": self.invest,
            "pain": self.ration,
            "walk_away": self.stop,
            "steady": self.serve,
        }[bucket]
        return {label: float(getattr(action, label)) for label in BUCKETS}


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """Every constant between a probability and what a rep is shown.

    Attributes:
        walk_away_at_least: P(walk-away) below which nobody is told to walk away …
        walk_away_a_list_at_most: … and P(A-list) above which nobody is either.
        self_renewer_at_least: P(self-renewer) from which a steady account is left to itself.
        leaning_at_least: probability of the displayed bucket that a lean needs …
        leaning_margin: … and its lead over the largest other.
        firm_precision: out-of-time precision that a firm flag promises …
        firm_confidence: … with this one-sided confidence.
        firm_accounts: accounts that a cut must flag before it can be tested.
        firm_forgone: share of all bookings that firm walk-aways may bring, with that confidence.
        firm_from: the first cut tested.
        firm_to: the last cut tested.
        firm_step: the distance between cuts.
        kept_share: share of walk-away accounts kept in pursuit.
        by_utility: show the bucket of the highest expected utility, not the most probable one.
        utility: the table behind it, which evaluations use in any case.
    """

    walk_away_at_least: float = 0.40
    walk_away_a_list_at_most: float = 0.20
    self_renewer_at_least: float = 0.80
    leaning_at_least: float = 0.40
    leaning_margin: float = 0.10
    firm_precision: float = 0.60
    firm_confidence: float = 0.90
    firm_accounts: int = 30
    firm_forgone: float = 0.03
    firm_from: float = 0.95
    firm_to: float = 0.40
    firm_step: float = 0.05
    kept_share: float = KEPT_SHARE
    by_utility: bool = False
    utility: UtilityPolicy = field(default_factory=UtilityPolicy)

    def __post_init__(self) -> None:
        if not 0.0 <= self.walk_away_a_list_at_most < self.walk_away_at_least <= 1.0:
            raise ValueError(
                "expected 0 <= walk_away_a_list_at_most < walk_away_at_least <= 1, "
                f"got {self.walk_away_a_list_at_most} and {self.walk_away_at_least}"
            )
        shares = ("self_renewer_at_least", "leaning_at_least", "leaning_margin", "kept_share")
        for name in (*shares, "firm_precision", "firm_confidence", "firm_forgone"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"expected {name} from 0 to 1, got {getattr(self, name)}")
        if not (0.0 < self.firm_to <= self.firm_from <= 1.0 and self.firm_step > 0.0):
            raise ValueError(
                "expected 0 < firm_to <= firm_from <= 1 and firm_step above 0, "
                f"got {self.firm_to}, {self.firm_from} and {self.firm_step}"
            )
        if self.firm_accounts < 1:
            raise ValueError(f"expected firm_accounts of at least 1, got {self.firm_accounts}")

    @property
    def firm_cuts(self) -> tuple[float, ...]:
        """The cuts to test for a firm flag, highest first.

        >>> DecisionPolicy(firm_to=0.85).firm_cuts
        (0.95, 0.9, 0.85)
        """
        steps = round((self.firm_from - self.firm_to) / self.firm_step)
        return tuple(round(self.firm_from - i * self.firm_step, 6) for i in range(steps + 1))

    def to_mapping(self) -> Mapping[str, object]:
        """Every constant, as in the TOML file."""
        return to_mapping(self)

    def policy_hash(self) -> str:
        """SHA-256 of the constants as canonical JSON, in hex."""
        return policy_hash(self.to_mapping())


def display_bucket(policy: DecisionPolicy) -> pl.Expr:
    """The most probable bucket, with a guard on the costliest mistake.

    With `by_utility` it is the bucket of the highest expected utility. Walking away needs a high
    P(walk-away) and a low P(A-list); otherwise the best of the other three is shown. Reads
    `p_a_list`, `p_pain`, `p_walk_away`, `p_steady`; null in, null out.
    """
    walk = pl.col("p_walk_away")
    allowed = (walk >= policy.walk_away_at_least) & (
        pl.col("p_a_list") <= policy.walk_away_a_list_at_most
    )
    others = tuple(bucket for bucket in BUCKETS if bucket != "walk_away")
    return (
        pl.when(pl.any_horizontal(pl.col(_p(bucket)).is_null() for bucket in BUCKETS))
        .then(pl.lit(None, pl.String))
        .when(allowed)
        .then(_best(BUCKETS, policy))
        .otherwise(_best(others, policy))
        .alias("bucket")
    )


def renews_by_itself(policy: DecisionPolicy) -> pl.Expr:
    """Whether a steady account is left to renew by itself; reads `bucket`, `p_self_renewer`."""
    is_likely = pl.col("p_self_renewer") >= policy.self_renewer_at_least
    return ((pl.col("bucket") == "steady") & is_likely).fill_null(value=False)


def confidence(
    policy: DecisionPolicy, tau: Mapping[str, float], *, bookings_below: float | None = None
) -> pl.Expr:
    """How far the displayed bucket can be trusted: firm, leaning or review.

    Args:
        policy: thresholds of a lean.
        tau: bucket → probability from which a flag is firm; a bucket that is not there is never
            firm.
        bookings_below: what a firm walk-away's expected bookings lie below, in base currency;
            reads `EXPECTED_BOOKINGS`, and where that is null nothing is firm. None asks nothing.

    Raises:
        ValueError: for a name in `tau` that is no bucket.
    """
    unknown = sorted(set(tau) - set(BUCKETS))
    if unknown:
        raise ValueError(f"expected buckets {list(BUCKETS)} in tau, found {unknown}")
    bucket = display_bucket(policy)
    top = _by_bucket(bucket, {name: pl.col(_p(name)) for name in BUCKETS})
    rest = {
        name: pl.max_horizontal(_p(other) for other in BUCKETS if other != name) for name in BUCKETS
    }
    margin = top - _by_bucket(bucket, rest)
    # a cut above 1 is never reached
    cut = _by_bucket(bucket, {name: pl.lit(tau.get(name, 2.0)) for name in BUCKETS})
    is_firm = top >= cut
    if bookings_below is not None:
        is_cheap = (pl.col(EXPECTED_BOOKINGS) < bookings_below).fill_null(value=False)
        is_firm &= (bucket != "walk_away") | is_cheap
    leans = (top >= policy.leaning_at_least) & (margin >= policy.leaning_margin)
    return (
        pl.when(bucket.is_null())
        .then(pl.lit(None, pl.String))
        .when(is_firm)
        .then(pl.lit("firm"))
        .when(leans)
        .then(pl.lit("leaning"))
        .otherwise(pl.lit("review"))
        .alias("confidence")
    )


def is_kept_in_pursuit(
    account_ids: pl.Series, period: str, salt: str, *, share: float = KEPT_SHARE
) -> pl.Series:
    """Draw the accounts that stay in pursuit, the same ones whenever and wherever it is asked.

    Args:
        account_ids: text; null is never drawn.
        period: the fiscal period, e.g. "2026Q4"; another period draws anew.
        salt: the organisation's secret, so that nobody can pick an id that is drawn.
        share: expected share of the ids.

    >>> is_kept_in_pursuit(pl.Series(["a", "b"]), "2026Q1", "salt", share=1.0).to_list()
    [True, True]
    """
    limit = share * 2.0**64
    # a loop over distinct texts: Polars has no SHA-256, and its own hash changes with its version
    kept = [
        account is not None and _draw(salt, period, account) < limit
        for account in account_ids.to_list()
    ]
    return pl.Series("kept_in_pursuit", kept, dtype=pl.Boolean)


def _draw(salt: str, period: str, account: str) -> int:
    digest = hashlib.sha256(f"{salt}\x1f{period}\x1f{account}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def _p(bucket: str) -> str:
    return f"p_{bucket}"


def _best(buckets: tuple[str, ...], policy: DecisionPolicy) -> pl.Expr:
    """The bucket of the highest probability or expected utility; the earlier of equal ones."""
    score = {bucket: pl.col(_p(bucket)) for bucket in buckets}
    if policy.by_utility:
        score = {bucket: _expected(policy.utility.of(bucket)) for bucket in buckets}
    top = pl.max_horizontal(score.values())
    return pl.coalesce(pl.when(score[bucket] == top).then(pl.lit(bucket)) for bucket in buckets)


def _expected(worth: Mapping[str, float]) -> pl.Expr:
    return pl.sum_horizontal(pl.col(_p(label)) * value for label, value in worth.items())


def _by_bucket(bucket: pl.Expr, values: Mapping[str, pl.Expr]) -> pl.Expr:
    return pl.coalesce(pl.when(bucket == name).then(value) for name, value in values.items())
