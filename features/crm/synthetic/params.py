"""World parameters: every constant of the synthetic CRM, with its unit.

The values were chosen once, from what is plausible in business-to-business sales, before any
model was fitted; they are not tuned to a model afterwards. Rates are per week and multiply
`exp(weight x latent)`, where latents have mean 0 and standard deviation about 1.
"""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class LatentParams:
    """How the hidden state of an account is drawn and how fast it drifts.

    Attributes:
        intent_half_life: weeks until half of a surge of interest is gone.
        difficulty_half_life: weeks; difficulty is mostly a lasting trait.
        response_half_life: weeks.
        discipline_half_life: weeks; payment habits.
        effort_half_life: weeks; the seller's attention to one account.
        growth_mean: mean change of purchase volume, log points a year.
        growth_sd: spread between accounts, log points a year.
        volume_shock: weekly random-walk step of purchase volume, log points.
        champion_share: share of accounts that start with a champion.
        champion_leaves: probability per week that a champion goes.
        champion_found: probability per week that one is found.
        at_go_live: share of accounts that the CRM holds from its first week.
        customers_at_go_live: share of those that already have a contract.
    """

    intent_half_life: float = 14.0
    difficulty_half_life: float = 40.0
    response_half_life: float = 20.0
    discipline_half_life: float = 52.0
    effort_half_life: float = 6.0
    growth_mean: float = 0.03
    growth_sd: float = 0.10
    volume_shock: float = 0.022
    champion_share: float = 0.70
    champion_leaves: float = 0.010
    champion_found: float = 0.025
    at_go_live: float = 0.80
    customers_at_go_live: float = 0.78


@dataclass(frozen=True, slots=True)
class RepParams:
    """Who sells, and how differently.

    Attributes:
        accounts_per_rep: size of a book.
        managers: reps without a book of their own who have the others as reports.
        leaves: probability per year that a rep goes and a colleague inherits the book.
        account_moves: probability per account and year of a new owner for another reason.
        optimism: least and greatest factor on the typed cycle length.
        tidiness: least and greatest weekly probability of mending an overdue close date.
        logging: least and greatest probability that a touch is written down.
        lateness: least and greatest probability that it is written down days later.
        selling_hours: hours a month for selling.
    """

    accounts_per_rep: int = 25
    managers: int = 2
    leaves: float = 0.06
    account_moves: float = 0.05
    optimism: tuple[float, float] = (0.65, 1.25)
    tidiness: tuple[float, float] = (0.30, 0.80)
    logging: tuple[float, float] = (0.60, 0.95)
    lateness: tuple[float, float] = (0.03, 0.25)
    selling_hours: float = 90.0


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


@dataclass(frozen=True, slots=True)
class ActivityParams:
    """Touches, answers and what the CRM gets to see of them; rates per week.

    Attributes:
        deal_touches: outbound touches on a worked deal, by stage.
        care_touches: outbound touches on a customer without an open deal.
        nurture_touches: outbound touches on a prospect without an open deal.
        automated: bulk mails per account.
        answer_bias: log-odds that a touch is answered by an average account.
        answer_weight: weight of responsiveness on those log-odds.
        chase: further touches for each unanswered one.
        meetings: meetings on a worked deal, by stage.
        inbound_care: customers who write by themselves.
        follow_up: onboarding and training sessions in the first eight weeks of a contract.
        contact_named: share of touches with a contact.
    """

    deal_touches: tuple[float, float, float, float] = (0.90, 1.00, 1.10, 1.30)
    care_touches: float = 0.03
    nurture_touches: float = 0.03
    automated: float = 0.16
    answer_bias: float = -0.55
    answer_weight: float = 0.95
    chase: float = 0.35
    meetings: tuple[float, float, float, float] = (0.12, 0.22, 0.20, 0.24)
    inbound_care: float = 0.05
    follow_up: float = 0.30
    contact_named: float = 0.70


@dataclass(frozen=True, slots=True)
class BillingParams:
    """Invoices, orders, credit notes and when they are paid.

    Attributes:
        monthly: share of contracts billed by the month; the others by the quarter.
        orders: orders per customer and week besides the contract.
        order_size: an order as a share of a month's contract value.
        order_spread: standard deviation of an order's size, log points.
        credit: probability of a credit note per invoice of an average account.
        terms_days: days to pay.
        late_mean: mean days between due and paid of an average account.
        late_discipline: fewer days late per unit of payment discipline.
        late_sd: spread of one payment, days.
        disputed: probability that a payment waits for a dispute.
        dispute_days: mean further days then.
        backdated: probability that an invoice enters the CRM days after it was issued.
    """

    monthly: float = 0.60
    orders: float = 0.11
    order_size: float = 0.80
    order_spread: float = 0.55
    credit: float = 0.035
    terms_days: int = 30
    late_mean: float = 7.0
    late_discipline: float = 9.0
    late_sd: float = 7.0
    disputed: float = 0.02
    dispute_days: float = 40.0
    backdated: float = 0.04


@dataclass(frozen=True, slots=True)
class ServiceParams:
    """Tickets, product usage and advocacy of customers; rates per week.

    Attributes:
        tickets: tickets of an average customer.
        ticket_difficulty: weight of difficulty on the rate.
        escalated: probability that a ticket of an average customer is escalated.
        resolve_days: median days to close a ticket.
        rated: share of closed tickets with a satisfaction mark.
        usage_noise: standard deviation of a week's usage, log points.
        referrals: referrals of an average customer.
        covenant: probability that a stage move comes with a mutual promise.
        covenant_met: log-odds that an average account keeps it.
    """

    tickets: float = 0.10
    ticket_difficulty: float = 0.75
    escalated: float = 0.10
    resolve_days: float = 3.0
    rated: float = 0.55
    usage_noise: float = 0.22
    referrals: float = 0.0035
    covenant: float = 0.55
    covenant_met: float = 0.50


@dataclass(frozen=True, slots=True)
class WorldParams:
    """One synthetic company: its size, its span, its seed, and its mechanism.

    Attributes:
        accounts: number of accounts at the end.
        seed: the same seed and parameters give the same tables, bit for bit.
        years: length of the history.
        until: the history ends strictly before 00:00 UTC of this day.
        fiscal_year_start_month: 1 to 12; where the quarter-end rush falls.
    """

    accounts: int = 500
    seed: int = 7
    years: float = 4
    until: date = date(2026, 11, 21)
    fiscal_year_start_month: int = 1
    latent: LatentParams = field(default_factory=LatentParams)
    reps: RepParams = field(default_factory=RepParams)
    pursuit: PursuitParams = field(default_factory=PursuitParams)
    contracts: ContractParams = field(default_factory=ContractParams)
    activity: ActivityParams = field(default_factory=ActivityParams)
    billing: BillingParams = field(default_factory=BillingParams)
    service: ServiceParams = field(default_factory=ServiceParams)

    def __post_init__(self) -> None:
        if self.accounts < 1:
            raise ValueError(f"expected at least 1 account, got {self.accounts}")
        if not 0.25 <= self.years <= 30:
            raise ValueError(f"expected years between 0.25 and 30, got {self.years}")
        if self.seed < 0:
            raise ValueError(f"expected a seed of 0 or more, got {self.seed}")
        if not 1 <= self.fiscal_year_start_month <= 12:
            raise ValueError(
                f"expected fiscal_year_start_month 1 to 12, got {self.fiscal_year_start_month}"
            )
