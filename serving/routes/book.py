"""Book: a rep's list, as JSON in pages and as a page to look at."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from serving.access import Caller
from serving.bodies import account_score, at_risk_score, provenance_of
from serving.deps import (
    ROLES_WITH_ROWS,
    AnyCaller,
    Now,
    QuarterEnd,
    Reader,
    ServedIfAny,
    ServedNow,
    SessionToken,
    SettingsNow,
    Templates,
    account_seen,
    as_known,
    deals_seen,
    form_token,
)
from serving.live import Served
from serving.pages import Reader as PageReader
from serving.pages import book_page
from serving.problems import RETRY_SECONDS, MalformedError, StaleCursorError, UnknownRecordError
from serving.rows import AccountRow, Bucket, RepRow
from serving.schemas import BucketList, Problem
from serving.snapshots import Snapshot

router = APIRouter(tags=["book"])
pages = APIRouter(include_in_schema=False)

Sort = Literal["rank", "value", "slip_risk", "name"]
Word = Annotated[str, Query(max_length=100)]
CURSOR_KINDS = ([str, str, str, str, int], [str, str, type(None), str, int])
LONGEST_LIST = 10**9
_AFTER_ALL = float("inf")
_ORDERS: dict[Sort, Callable[[AccountRow], tuple[float | str, ...]]] = {
    "rank": lambda row: (row.rank_in_book or _AFTER_ALL,),
    "value": lambda row: (_AFTER_ALL if row.value is None else -row.value,),
    "slip_risk": lambda row: (_AFTER_ALL if row.slip_risk_max is None else -row.slip_risk_max,),
    "name": lambda row: (row.name is None, (row.name or "").casefold()),
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins, and in which list; it holds nothing of any row."""

    snapshot_id: str
    rep_id: str
    bucket: str | None
    sort: str
    start: int

    def text(self) -> str:
        """As the caller gets it."""
        return base64.urlsafe_b64encode(json.dumps(list(asdict(self).values())).encode()).decode()


def cursor_of(text: str) -> Cursor:
    """The cursor in a text; MalformedError for what never was one."""
    try:
        cells = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
    except (ValueError, binascii.Error, RecursionError):
        cells = None
    if (
        not isinstance(cells, list)
        or [type(cell) for cell in cells] not in CURSOR_KINDS
        or not 0 <= cells[-1] <= LONGEST_LIST
    ):
        raise MalformedError("expected a cursor as `next_cursor` gave it")
    return Cursor(*cells)


@router.get("/v1/reps/{rep_id}/bucket-list", responses={410: {"model": Problem}})
def read_bucket_list(  # noqa: PLR0913  each is a parameter of the query
    rep_id: Annotated[str, Path(description="Id of the rep in the CRM.")],
    served: ServedNow,
    caller: Reader,
    period_end: QuarterEnd,
    *,
    bucket: Annotated[Bucket | None, Query(description="Only this bucket.")] = None,
    sort: Annotated[Sort, Query(description="Nulls come last.")] = "rank",
    limit: Annotated[int, Query(ge=1, le=200, description="Accounts on a page.")] = 50,
    cursor: Annotated[str | None, Query(max_length=1000, description="`next_cursor`.")] = None,
) -> BucketList:
    """The rep's accounts, paged over one publication: a later one never mixes in."""
    snapshot = served.snapshot
    rep = _visible_rep(snapshot, caller, rep_id)
    first = Cursor(snapshot.snapshot_id, rep.rep_id, bucket, sort, 0)
    start = 0 if cursor is None else _start(cursor_of(cursor), first)
    inside = (row for row in snapshot.book_of([rep.rep_id]) if bucket in (None, row.bucket))
    rows = [account_seen(row, snapshot, caller) for row in inside]
    rows.sort(key=lambda row: (*_ORDERS[sort](row), row.account_id))
    end = start + limit
    after = Cursor(first.snapshot_id, rep.rep_id, bucket, sort, end).text()
    source = provenance_of(served)
    deals = {row.account_id: deals_seen(row, snapshot, caller) for row in rows}
    together = [deal for one in deals.values() for deal in one]
    return BucketList(
        **dict(at_risk_score(together, source, currency=snapshot.currency, period_end=period_end)),
        rep_id=rep.rep_id,
        rep_name=rep.name,
        total=len(rows),
        items=[
            account_score(row, source, deals=deals[row.account_id], period_end=period_end)
            for row in rows[start:end]
        ],
        next_cursor=after if end < len(rows) else None,
    )


@pages.get("/")
def show_start(caller: AnyCaller) -> Response:
    """The way to the list."""
    del caller
    return RedirectResponse("/book", status_code=303)


@pages.get("/book")
def show_book(  # noqa: PLR0913  each is a part of the page's address or of the request
    request: Request,
    *,
    caller: AnyCaller,
    served: ServedIfAny,
    templates: Templates,
    settings: SettingsNow,
    session: SessionToken,
    now: Now,
    rep: Word = "",
    tab: Word = "",
    sort: Word = "",
    find: Word = "",
) -> Response:
    """The list of one rep as a page."""
    if caller.role not in ROLES_WITH_ROWS:
        empty = {
            "title": "No list for this role",
            "text": f"A key of role {caller.role} sees no accounts.",
            "next_step": "Sign in with a key of role rep or manager.",
        }
        return templates.TemplateResponse(request, "empty.html", empty, status_code=403)
    if served is None:
        empty = {
            "title": "Nothing is published yet",
            "text": "The list appears here once the book was scored for the first time.",
            "next_step": "bucketlist score --crm URL",
        }
        wait = {"Retry-After": str(RETRY_SECONDS)}
        return templates.TemplateResponse(
            request, "empty.html", empty, status_code=503, headers=wait
        )
    reps = _visible_reps(served, caller)
    shown = _visible_rep(served.snapshot, caller, rep) if rep else _first_rep(served, caller, reps)
    page = book_page(
        served,
        caller=caller,
        reps=reps,
        rep_id=shown.rep_id,
        tab=tab,
        sort=sort,
        find=find,
        calendar=settings.calendar,
        reader=_page_reader(served.snapshot, caller, now),
    )
    csrf = form_token(settings, session) if session else ""
    return templates.TemplateResponse(request, "book.html", {"page": page, "csrf": csrf})


def _start(cursor: Cursor, first: Cursor) -> int:
    """Where to go on; the cursor has to be of this very list."""
    if cursor.snapshot_id != first.snapshot_id:
        raise StaleCursorError(
            f"expected a cursor of snapshot {first.snapshot_id}, which is in service now, "
            "got one of another: begin again without a cursor"
        )
    if (cursor.rep_id, cursor.bucket, cursor.sort) != (first.rep_id, first.bucket, first.sort):
        raise MalformedError("expected a cursor of the same rep, bucket and sort")
    return cursor.start


def _visible_rep(snapshot: Snapshot, caller: Caller, rep_id: str) -> RepRow:
    """The rep whose list is asked for; unknown and foreign are the same error."""
    known = as_known(snapshot, rep_id)
    is_visible = caller.visible_rep_ids is None or known in caller.visible_rep_ids
    rep = snapshot.rep(known) if is_visible else None
    if rep is None and is_visible and (known == caller.rep_id or snapshot.book_of([known])):
        rep = RepRow(known, None, None, is_active=True)  # owns rows, yet the CRM lists no such rep
    if rep is None:
        raise UnknownRecordError
    return rep


def _visible_reps(served: Served, caller: Caller) -> tuple[RepRow, ...]:
    visible = caller.visible_rep_ids
    reps = (rep for rep in served.snapshot.reps if visible is None or rep.rep_id in visible)
    return tuple(sorted(reps, key=lambda rep: ((rep.name or "").casefold(), rep.rep_id)))


def _first_rep(served: Served, caller: Caller, reps: tuple[RepRow, ...]) -> RepRow:
    """The caller's own list, or the first that has accounts."""
    own = [rep for rep in reps if rep.rep_id == caller.rep_id]
    for rep in (*own, *reps):
        if served.snapshot.book_of([rep.rep_id]):
            return rep
    if own or reps:
        return (own or list(reps))[0]
    return _visible_rep(served.snapshot, caller, caller.rep_id or "")


def _page_reader(snapshot: Snapshot, caller: Caller, now: datetime) -> PageReader:
    """Who looks at the page, by name where the CRM has one."""
    rep = snapshot.rep(caller.rep_id) if caller.rep_id else None
    return PageReader(name=(rep and rep.name) or caller.rep_id or caller.role, now=now)
