"""Deal words: what each sentence about a deal asks, read by its words alone; see account_words."""

DEAL_WORDS = """
stage_position: # of the way through the stages
stage_win_rate: # is the win rate of deals that reach this stage, with 20 deals of the book \
weighed in
stage_days: # days in this stage
stage_days_ratio: # times as long in this stage as won deals
stage_moves_<w>: # changes of stage <w>
stage_progress_<w>: moved # of the way <w> / has not moved a stage <w>
pushes: pushed # times / never pushed
days_pushed: pushed by # days in all
pushes_across_quarter: pushed across a quarter end # times / never pushed across a quarter end
pull_ins: pulled in # times
touches_<w>: # touches <w>
replies_<w>: # replies <w> / no reply <w>
reply_rate_<w>: answered # of the touches <w>
silence_days: last heard from # days ago / heard from today
one_way_touches: # touches since the last answer
meetings_<w>: # meetings <w> / no meeting <w>
contacts_active_<w>: # people active <w> / nobody active <w>
contacts_on_deal: # people on the deal
reps_active_<w>: # of us worked on it <w>
amount_to_won: # times the median won deal of its type
amount_to_segment: # times the median won deal of its segment
amount_changes: the amount changed # times
amount_trend: the amount changed by # since the start
is_priced: = price is on the table / no price on the table yet
discount_depth: # off the list price
covenants_agreed: # next steps agreed / no next step agreed
covenants_unmet: # agreed next steps not kept
covenants_met_share: kept # of the agreed next steps
covenants_unmet_share: # of the agreed next steps are overdue / none of the agreed next steps is \
overdue
oldest_unmet_days: a next step is # days overdue / no agreed next step is overdue
covenants_open: # agreed next steps ahead / no agreed next step ahead
covenants_on_time_share: # of the agreed next steps kept in time
covenants_in_stage: # next steps agreed in this stage / no next step agreed in this stage
days_since_covenant: last agreed a next step # days ago
age_days: # days old
age_to_cycle: # times as old as the median deal of its type when won
days_to_commitment: # days to the promised date / / the promised date passed # days ago
weeks_to_quarter_end: # weeks to the end of the quarter
commitment_before_quarter_end: promised # days before a quarter end
is_renewal: = a renewal / not a renewal
is_expansion: = an expansion / not an expansion
customer_win_rate: # is the win rate with this customer, with 20 deals of the book weighed in
type_win_rate: # is the win rate of deals of its type, with 20 deals of the book weighed in
activity_trend: # more activities in 30 days than in half of the 60 before / as many activities \
in 30 days as in half of the 60 before / # fewer activities in 30 days than in half of the 60 before
days_since_touch: last touched # days ago / touched today
days_since_meeting: last met # days ago / met today
active_weeks_<n>: active in # of the last <n> weeks / nothing happened in the last <n> weeks
longest_silence_days: once silent for # days
reply_latency_days: answers after # days on average
inbound_share_<w>: # of the messages came from them <w>
meetings_made: # meetings so far / no meeting so far
demos_made: # demos so far / no demo so far
first_meeting_age_days: first met after # days
contacts_effective_<w>: the talk <w> is spread as over # people
contacts_took_part: # people took part so far / nobody took part so far
contacts_heard_share: # of the people on the deal took part in 90 days / none of the people on the \
deal took part in 90 days
new_contacts_<w>: # people joined the deal <w> / nobody joined the deal <w>
days_since_new_contact: somebody joined the deal # days ago
contacts_left: # people on the deal left the company / everybody on the deal is still there
champions_left_<w>: # people who took part left <w> / nobody who took part left <w>
contacts_to_won: # times as many people as on won deals of its segment
push_days_mean: each push was # days on average
last_push_days: last pushed by # days
days_since_push: last pushed # days ago / pushed today
pushes_<w>: pushed # times <w> / not pushed <w>
pushes_across_month: pushed across a month end # times / never pushed across a month end
pushes_across_year: pushed across a year end # times / never pushed across a year end
pushed_to_age: pushed by # of its own age / never pushed to a later date
commitment_shift_days: promised # days later than at first / still promised for the first date / \
promised # days earlier than at first
days_overdue: # days past the promised date / the promised date has not passed
stage_moves: # changes of stage so far / still in its first stage
stage_moves_back: moved back # times / never moved back
is_last_move_back: = its last move was back / its last move was not back
stages_skipped: # stages passed over / no stage passed over
first_stage_days: # days in its first stage
path_days_ratio: # times as long on its way as won deals
forecast_step: forecast at step # of 4
forecast_raised: forecast raised # times / forecast never raised
forecast_lowered: forecast lowered # times / forecast never lowered
crm_probability: the CRM said #
crm_probability_change_<w>: the CRM's probability moved by # <w> / the CRM's probability has not \
moved <w>
quotes_made: # quotes so far / no quote so far
days_since_quote: last quoted # days ago
discount_change: the discount moved by # since the first quote / the discount has not moved since \
the first quote
first_quote_to_cycle: first quoted after # of the median days to a win
is_quoted_early: = price was discussed early / price was not discussed early
quote_to_amount: quoted at # of the deal's amount
discount_to_account: the discount is # against this customer's other quotes
is_billing_new: = billing terms this customer never had before / billing terms this customer had \
before
amount_raises: the amount was raised # times
amount_cuts: the amount was cut # times
is_committed_month_end: = promised for the last day of a month / not promised for the last day of \
a month
is_committed_quarter_end: = promised for the last day of a quarter / not promised for the last day \
of a quarter
is_committed_this_year: = promised for this fiscal year / promised for a later fiscal year
is_committed_weekend: = promised for a weekend / promised for a weekday
weeks_to_year_end: # weeks to the end of the year
created_before_quarter_end: created # days before a quarter end
commitment_to_cycle: promised after # times the median days to a win
age_to_slow_cycle: # times as old as nine of ten deals of its type when won
parallel_deals: # other open deals with this customer / the only open deal with this customer
customer_deals_won: # deals won with this customer before / no deal won with this customer before
customer_deals_lost: # deals lost with this customer before / no deal lost with this customer before
days_since_customer_win: last won a deal here # days ago
amount_to_last_won: # times the last deal won here
age_to_customer_cycle: # times as old as deals won here were
deal_type: type of the deal: @
lead_source: source of the deal: @
newest_touch_kind: kind of our last touch: @
"""
