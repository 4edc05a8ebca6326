"""Trace parameters: what a company's days leave behind in its CRM; rates per week of work."""

from dataclasses import dataclass


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
        order_appetite: spread of that rate between customers, log points.
        order_size: an order as a share of a month's contract value.
        order_spread: standard deviation of an order's size, log points.
        credit: probability of a credit note per invoice of an average account.
        subscriptions: whether contracts are invoiced; a shop invoices orders only.
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
    order_appetite: float = 0.0
    order_size: float = 0.80
    order_spread: float = 0.55
    credit: float = 0.035
    subscriptions: bool = True
    terms_days: int = 30
    late_mean: float = 8.5
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

    tickets: float = 0.12
    ticket_difficulty: float = 0.75
    escalated: float = 0.10
    resolve_days: float = 3.0
    rated: float = 0.55
    usage_noise: float = 0.22
    referrals: float = 0.0035
    covenant: float = 0.55
    covenant_met: float = 0.50
