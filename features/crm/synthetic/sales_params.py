"""Sales parameters: deals and contracts of the synthetic CRM, with their units.

Rates are per week of work and multiply `exp(weight x latent)`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PursuitParams:
    """Weekly rates of the competing hazards of a deal.

    Tuples by stage run over Qualify, Discover, Propose, Negotiate.

    Attributes:
        new_rate: new deals per eligible prospect.
        expansion_rate: expansions per eligible customer.
        need_on_opening: weight of intent on both rates.
        cool_down: weeks after a closed deal without another of the kind.
        advance: moves to the next stage; the last stage has none.
        loss: losses of new and expansion deals.
        win: wins of new and expansion deals.
        stall: deals that fall silent.
        revive: silent deals that wake.
        abandon: silent, overdue deals that the rep stops working without closing them.
        clean_up: probability that an abandoned deal is closed as lost in a week of January.
        drive_on_advance: weight of the deal's drive.
        drive_on_win: likewise.
        drive_on_loss: likewise (it lowers the rate).
        deal_noise: standard deviation of what is special about one deal.
        stage_staleness: weeks in a stage after which progress has slowed by 1/e.
        push_drag: log points on the loss rate for each push so far.
        period_end_boost: factor on wins in the last two weeks of a fiscal quarter.
        period_start_drag: factor on wins in its first three weeks.
        commit_pull: factor on wins within ten days of the committed date.
        expansion_ease: log points on the win rate of an expansion.
        cycle_days: days a rep expects a new deal to take; expansions take 0.65 of it.
        push_days: median length of a push.
        amount_edit: probability per week that the amount is revised.
    """

    new_rate: float = 0.030
    expansion_rate: float = 0.023
    need_on_opening: float = 0.9
    cool_down: int = 5
    advance: tuple[float, float, float, float] = (0.24, 0.22, 0.20, 0.0)
    loss: tuple[float, float, float, float] = (0.037, 0.035, 0.033, 0.040)
    win: tuple[float, float, float, float] = (0.0, 0.002, 0.010, 0.050)
    stall: float = 0.05
    revive: float = 0.08
    abandon: float = 0.05
    clean_up: float = 0.10
    drive_on_advance: float = 0.35
    drive_on_win: float = 0.60
    drive_on_loss: float = 0.60
    deal_noise: float = 0.50
    stage_staleness: float = 18.0
    push_drag: float = 0.12
    period_end_boost: float = 2.6
    period_start_drag: float = 0.70
    commit_pull: float = 2.6
    expansion_ease: float = 0.5
    cycle_days: float = 135.0
    push_days: float = 45.0
    amount_edit: float = 0.02


@dataclass(frozen=True, slots=True)
class ContractParams:
    """Terms, renewals and churn.

    Attributes:
        terms: contract lengths, days.
        term_shares: probability of each length.
        auto_renews: share of contracts that run on unless cancelled.
        auto_opportunity: share of those for which a rep opens a renewal all the same.
        open_before: earliest and latest opening of a renewal, days before the end.
        renewal_win: weekly win rate long before, in the four weeks before, and after the end.
        renewal_loss: weekly loss rate in the same three spans.
        cancel: weekly rate of cancelling an auto-renewing contract in its notice window.
        grace_days: days after the end at which an open renewal has lapsed.
        notice_days: days before the end by which it must be cancelled.
        health_on_renewal: weight of the relationship's health on renewal wins and losses.
        discount_mean: mean discount, percent of list, of an easy account.
        discount_difficulty: further percent per unit of difficulty.
        discount_period_end: further percent in the last two weeks of a quarter.
    """

    terms: tuple[int, ...] = (182, 365, 730)
    term_shares: tuple[float, ...] = (0.42, 0.50, 0.08)
    auto_renews: float = 0.42
    auto_opportunity: float = 0.40
    open_before: tuple[int, int] = (75, 105)
    renewal_win: tuple[float, float, float] = (0.035, 0.24, 0.27)
    renewal_loss: tuple[float, float, float] = (0.003, 0.009, 0.030)
    cancel: float = 0.005
    grace_days: int = 60
    notice_days: int = 60
    health_on_renewal: float = 0.70
    discount_mean: float = 5.0
    discount_difficulty: float = 5.0
    discount_period_end: float = 4.0
