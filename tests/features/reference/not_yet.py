"""Features of the catalogue without a reference yet; a release has none."""

NOT_YET: dict[str, frozenset[str]] = {
    "account": frozenset({}),
    "deal": frozenset(
        {
            "account_open_tickets",
            "account_overdue_now",
            "account_renewal_lateness_days",
            "account_reply_rate_90d",
        }
    ),
}
