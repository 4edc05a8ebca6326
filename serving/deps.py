"""Dependencies: who is calling and what is served, each found out once per request."""

import hmac
import re
from collections.abc import Callable
from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, TypedDict

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.templating import Jinja2Templates

from serving.access import Caller, Role, identify, may_see
from serving.live import LiveSnapshot, Served
from serving.middleware import RequestMetrics
from serving.problems import (
    ForbiddenError,
    MediaTypeError,
    NotReadyError,
    NotSignedInError,
)
from serving.roll_up import with_deals
from serving.rows import AccountRow, DealRow, other_form
from serving.settings import Settings
from serving.snapshots import Snapshot
from serving.store.engine import Store
from serving.store.keys import KeyRecord, find_key
from serving.store.sessions import find_session

SESSION_COOKIE = "bucketlist_session"
LONGEST_TOKEN = 200
JSON_KIND = re.compile(r"application/([\w.+-]+\+)?json")
ROLES_WITH_ROWS: tuple[Role, ...] = ("rep", "manager", "crm")

Clock = Callable[[], datetime]


class State(TypedDict):
    """What lives as long as the process; requests find it in `request.state`."""

    settings: Settings
    store: Store
    live: LiveSnapshot
    clock: Clock
    templates: Jinja2Templates
    metrics: RequestMetrics


_bearer = HTTPBearer(auto_error=False, description="An API key made with `bucketlist keys add`.")


def _settings(request: Request) -> Settings:
    settings: Settings = request.state.settings
    return settings


def _store(request: Request) -> Store:
    store: Store = request.state.store
    return store


def _live(request: Request) -> LiveSnapshot:
    live: LiveSnapshot = request.state.live
    return live


def _now(request: Request) -> datetime:
    clock: Clock = request.state.clock
    return clock()


def _templates(request: Request) -> Jinja2Templates:
    templates: Jinja2Templates = request.state.templates
    return templates


SettingsNow = Annotated[Settings, Depends(_settings)]
OpenStore = Annotated[Store, Depends(_store)]
Live = Annotated[LiveSnapshot, Depends(_live)]
Now = Annotated[datetime, Depends(_now)]
Templates = Annotated[Jinja2Templates, Depends(_templates)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def _served_if_any(live: Live) -> Served | None:
    return live.served


ServedIfAny = Annotated[Served | None, Depends(_served_if_any)]


def _served(served: ServedIfAny) -> Served:
    if served is None:
        raise NotReadyError("expected a published snapshot in service, found none")
    return served


ServedNow = Annotated[Served, Depends(_served)]


def session_token(request: Request) -> str | None:
    """The session's token in the cookie, if it can be one."""
    token = request.cookies.get(SESSION_COOKIE)
    return token if token and token.isascii() and len(token) <= LONGEST_TOKEN else None


SessionToken = Annotated[str | None, Depends(session_token)]


def _key(
    request: Request, bearer: Bearer, token: SessionToken, store: OpenStore, now: Now
) -> KeyRecord:
    """The live key behind the call; a header that names one is never overruled by a cookie."""
    record: KeyRecord | None = None
    if "authorization" in request.headers:
        if bearer is not None:
            record = find_key(store, bearer.credentials, now=now)
    elif token is not None:
        record = find_session(store, token, now=now)
    if record is None:
        raise NotSignedInError
    return record


Key = Annotated[KeyRecord, Depends(_key)]


def _caller(key: Key, served: ServedIfAny) -> Caller:
    if served is None:
        return identify(key.key_id, key.role, rep_id=key.rep_id, reps=())
    rep_id = None if key.rep_id is None else as_known(served.snapshot, key.rep_id)
    return identify(key.key_id, key.role, rep_id=rep_id, reps=served.snapshot.reps)


AnyCaller = Annotated[Caller, Depends(_caller)]


def _reader(caller: AnyCaller) -> Caller:
    if caller.role not in ROLES_WITH_ROWS:
        raise ForbiddenError(f"expected a role of {', '.join(ROLES_WITH_ROWS)}")
    return caller


Reader = Annotated[Caller, Depends(_reader)]


def any_key(key: Key) -> None:
    """The least that every route asks for, unless it is among the few open ones."""
    del key


def json_body(request: Request) -> None:
    """Refuse a body that does not say it is JSON, before anything is made of it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not JSON_KIND.fullmatch(kind):
        raise MediaTypeError


def deals_seen(row: AccountRow, snapshot: Snapshot, caller: Caller) -> tuple[DealRow, ...]:
    """Those of the account's open deals that the caller may see."""
    return tuple(deal for deal in snapshot.deals_of(row.account_id) if may_see(caller, deal))


def account_seen(row: AccountRow, snapshot: Snapshot, caller: Caller) -> AccountRow:
    """The account with the figures of those of its open deals that the caller may see."""
    return with_deals(row, deals_seen(row, snapshot, caller))


def quarter_end_now(served: ServedNow, settings: SettingsNow) -> date:
    """Last day of the fiscal quarter of the served as_of."""
    calendar = settings.calendar
    return calendar.quarter_end_of(calendar.day_of(served.snapshot.as_of))


QuarterEnd = Annotated[date, Depends(quarter_end_now)]


def as_known(snapshot: Snapshot, rep_id: str) -> str:
    """The form of a rep's id that the snapshot uses; the id itself when it knows neither."""
    other = other_form(rep_id)
    if snapshot.rep(rep_id) is None and other is not None and snapshot.rep(other) is not None:
        return other
    return rep_id


def form_token(settings: Settings, token: str) -> str:
    """The proof that a form was rendered for this session; worthless with any other."""
    return hmac.new(settings.session_secret, f"form:{token}".encode(), sha256).hexdigest()
