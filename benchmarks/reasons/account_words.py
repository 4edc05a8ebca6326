"""Account words: what each sentence about an account asks, read by its words alone.

A line is a question of the reference and the ways to say its answer: any number, none, below
zero. `#` stands for the number, `<w>` for a window of days and `<n>` for a count of weeks or
months; both go into the question's name.
"""

ACCOUNT_WORDS = """
tenure_days: known for # days
segment_win_rate: # is the win rate of its segment, with 20 deals of the book weighed in
segment_won_amount: the median won deal of its segment is #
segment_won_cycle_days: the median won deal of its segment took # days
net_invoiced_<w>: # invoiced <w>
orders_<w>: # invoices <w>
order_silence_days: last invoiced # days ago
returns_share_<w>: # of orders came back <w>
credit_notes_<w>: # credit notes <w> / no credit note <w>
growth_year: spending in a year changed by # on the year before
growth_quarter: spending in 91 days changed by # on the same days last year
growth_half_year: spending in 182 days changed by # on the 182 days before
growth_earlier_year: spending 366 to 730 days ago changed by # on the year before that
usage_trend: use in 30 days changed by # on the 90 days before
days_late_<w>: paid # days late on average <w> / paid on time <w>
late_share_<w>: # of the invoices due <w> were late / no invoice due <w> was late
overdue_now: # is overdue / nothing is overdue
days_late_change: paid # days later in 90 days than in the year before / / paid # days earlier in \
90 days than in the year before
worst_late_days_<w>: its slowest payment <w> was # days late / every payment <w> was on time
unpaid_share_<w>: # of what fell due <w> is unpaid / all that fell due <w> is paid
paid_early_share_<w>: # of the invoices due <w> were paid early / no invoice due <w> was paid early
oldest_overdue_days: its oldest open invoice is # days overdue
replies_<w>: # replies <w> / no reply <w>
reply_rate_<w>: answered # of the touches <w>
silence_days: last heard from # days ago / heard from today
one_way_touches: # touches in a year since the last answer / answered our last touch
meetings_<w>: # meetings <w> / no meeting <w>
reply_trend: replies in 30 days changed by # on the rate of the 90 days before
inbound_share_<w>: # of the contact <w> came from them / no contact <w> came from them
days_since_touch: last contacted by us # days ago / contacted by us today
days_since_inbound: last wrote or called # days ago / wrote or called today
days_since_meeting: last met # days ago / met today
days_since_proposal: last proposal # days ago / a proposal went out today
post_sales_silence_days: last contact after the sale # days ago / contact after the sale today
active_weeks_<n>: something passed in # of the last <n> weeks / nothing passed in <n> weeks
two_way_months_<n>: both sides spoke in # of the last <n> months / no exchange in <n> months
longest_silence_<w>: silent for up to # days <w>
gap_variation_<w>: its gaps between contacts <w> vary by # of their mean
silence_vs_usual: silent for # times its mean gap in a year
reply_hours_<w>: replied after # hours at the median <w>
answered_14d_share_90d: # of our touches 15 to 90 days ago answered within 14 days / none of our \
touches 15 to 90 days ago answered within 14 days
customer_starts_<w>: # of the exchanges <w> begun by them / every exchange <w> begun by us
longest_chase_<w>: up to # touches in a row without an answer <w> / no touch left open <w>
chase_days: chased for # days without an answer
chase_gap_days: chased every # days without an answer
reminders_before_renewal: # e-mails unanswered before the renewal / no e-mail left open before \
the renewal
touches_<w>: # touches <w> / not contacted <w>
hours_<w>: # hours of our time <w> / no time spent <w>
hours_trend: our time a day in 90 days changed by # on the 275 days before
meeting_hours_<w>: # hours of meetings <w> / no hour of meetings <w>
touches_per_meeting_<w>: # touches for each meeting <w>
email_share_<w>: # of our touches <w> were e-mails / none of our touches <w> was an e-mail
voicemail_share_<w>: # of our calls <w> ended in voicemail / none of our calls <w> ended in \
voicemail
automated_<w>: # automated messages <w> / no automated message <w>
tickets_<w>: # tickets <w> / no ticket <w>
open_tickets: # open tickets / no open ticket
escalations_<w>: # escalations <w> / no escalation <w>
csat_<w>: rates support # of 5 <w>
tickets_change_90d: # tickets more in 90 days than in the 90 before / as many tickets in 90 days \
as in the 90 before / # tickets fewer in 90 days than in the 90 before
hours_to_close_<w>: its tickets closed <w> took # hours at the median
csat_change: its marks in 90 days rose by # on the rest of the year / / its marks in 90 days fell \
by # on the rest of the year
escalation_share_<w>: # of its tickets <w> were escalated / none of its tickets <w> was escalated
open_escalations: # open escalations / no open escalation
oldest_open_ticket_days: its oldest open ticket waits for # days
contacts_active_<w>: # people active <w> / nobody active <w>
contacts_known: # contacts known
contacts_left_<w>: # contacts left <w>
post_sales_share_<w>: # of our contact <w> was after the sale / no contact after the sale <w>
pre_sales_share_<w>: # of our contact <w> was before a sale / no contact before a sale <w>
sales_share_<w>: # of our contact <w> was in selling / no contact in selling <w>
new_contacts_<w>: # new contacts <w> / no new contact <w>
effective_contacts_<w>: contact <w> spread as over # people
top_contact_share_<w>: # of our touches <w> went to one person
answering_people_share_<w>: # of the people we contacted <w> answered / none of the people we \
contacted <w> answered
steady_people_<n>m: # people in touch in 3 or more of the last <n> months / nobody in touch in 3 \
or more of the last <n> months
broad_months_<n>: two people or more in # of the last <n> months / never two people in one of the \
last <n> months
champion_silence_days: the most active person was last heard from # days ago / the most active \
person was heard from today
champion_left: = the most active person has left / the most active person is still there
days_to_renewal: # days to renewal / / a contract ended # days ago and is not renewed
contracts_running: # contracts running / no running contract
renewals_made: renewed # times / never renewed yet
renewal_lateness_days: renews # days after the end on average / / renews # days before the end on \
average
contracts_lapsed_<w>: # contracts lapsed <w>
open_deals: # open deals / no open deal
open_amount: # in open deals
pushes_<w>: close dates pushed # times <w> / no close date pushed <w>
won_<w>: # deals won <w> / no deal won <w>
lost_<w>: # deals lost <w> / no deal lost <w>
customer_win_rate: # is the win rate here, with 20 deals of the book weighed in
referrals_<w>: # referrals <w> / no referral <w>
referrals_earlier: # referrals more than a year ago
referral_silence_days: last referral # days ago
reference_calls: # reference calls given / no reference call given
case_studies: # case studies given / no case study given
order_months_360d: ordered in # of the last 12 spans of 30 days / no order in the last 12 spans of \
30 days
order_spread_360d: orders of the last 12 spans of 30 days swing by # of their mean
order_gap_days: orders in two years came every # days
order_gap_ratio: waits # times its usual gap for the next order
order_size_<w>: the median order <w> is #
order_size_change: the median order in a year changed by # on the year before
largest_order_share_<w>: # of all orders <w> is one order
usage_change_14d: use in 14 days changed by # on the 56 days before
usage_change_90d: use in 90 days changed by # on the 90 days before
usage_change_year: use in 90 days changed by # on the same days last year
usage_swing_<w>: use <w> swings by # around its mean
usage_to_peak: use in 30 days stands at # of its best in a year
usage_silence_days: last used # days ago
metrics_dropped: # functions fell out of use in 90 days / no function fell out of use in 90 days
last_renewal_late_days: renewed # days after the end last time / / renewed # days before the end \
last time
renewal_lateness_change: renewed # days later than the mean of the times before / / renewed # days \
earlier than the mean of the times before
renewed_late_share: # of its renewals came after the end / never renewed after the end
renewed_share: # of its contracts were renewed
contract_starts_<w>: # contracts begun <w> / no contract begun <w>
contracts_cancelled_<w>: # contracts cancelled <w> / no contract cancelled <w>
contracts_ending_90d: # contracts end in the next 90 days / no contract ends in the next 90 days
contracts_past_notice: # contracts past the notice day / no contract past the notice day
term_left_share: # of the contract's term is left
orders_season_share: # of its orders of three years came in this quarter of the year
invoiced_year_ago: # invoiced 276 to 365 days ago, in the coming days of last year
orders_quarter_end_share: # of its orders in two years came in the last 14 days of a quarter
wins_season_share: # of its deals were won in this quarter of the year
wins_quarter_end_share: # of its deals were won in the last 14 days of a quarter
discount_quarter_end_gap: # more off the list price in the last 14 days of a quarter / / # less \
off the list price in the last 14 days of a quarter
days_since_won: last won # days ago
days_since_lost: last lost # days ago
losses_since_win: # deals lost since the last win / no deal lost since the last win
won_cycle_days: the median deal won here took # days
renewal_win_rate: # is the win rate of renewals here, with 20 renewals weighed in
expansion_win_rate: # is the win rate of expansions here, with 20 expansions weighed in
deals_opened_<w>: # deals opened <w> / no deal opened <w>
days_since_opened: last new deal # days ago
oldest_open_deal_days: its oldest open deal is # days old
pushes_per_open_deal: its open deals were pushed # times each / no open deal was pushed
open_deals_overdue: # open deals past the close date / no open deal past the close date
days_to_next_close: # days to its next close date / / a close date passed # days ago
largest_open_share: # of its open amount is one deal
late_stage_share: # of its open amount is in late stages / no open amount is in late stages
priced_share_open: # of its open deals have a quote / no open deal has a quote
quotes_<w>: # quotes <w> / no quote <w>
discount_<w>: # off the list price <w>
discount_change_year: # more off the list price in a year than in the year before / / # less off \
the list price in a year than in the year before
next_steps_agreed_<w>: # next steps agreed <w> / no next step agreed <w>
next_steps_overdue: # next steps are overdue / no next step is overdue
next_steps_met_share: kept # of the agreed next steps
next_steps_late_share: kept # of its next steps late / never late with a next step
newest_touch_kind: kind of our last touch: @
newest_reply_kind: kind of their last reply: @
newest_phase: phase of the last activity: @
"""
