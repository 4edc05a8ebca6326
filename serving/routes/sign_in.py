"""Sign-in: a session for a browser, from a key or from a link that works once."""

import hmac
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from serving.deps import (
    LONGEST_TOKEN,
    SESSION_COOKIE,
    Key,
    Now,
    OpenStore,
    SessionToken,
    SettingsNow,
    Templates,
    form_token,
)
from serving.problems import ForbiddenError
from serving.settings import Settings
from serving.store.keys import find_key
from serving.store.sessions import SESSION_LIFE, end_session, redeem_link, start_session

public = APIRouter(include_in_schema=False)
router = APIRouter(include_in_schema=False)

NO_SUCH_KEY = "This key is not known, or no longer works."
NO_SUCH_LINK = "This link was used before, or has expired. Ask for a new one."


async def form_of(request: Request) -> dict[str, str]:
    """The first value of every field of a URL-encoded form; empty for any other body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    text = (await request.body()).decode("utf-8", errors="replace")
    try:
        fields = parse_qs(text, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


Form = Annotated[dict[str, str], Depends(form_of)]


@public.get("/sign-in")
def show_sign_in(request: Request, templates: Templates) -> Response:
    """The form."""
    return templates.TemplateResponse(request, "sign_in.html", {"problem": None})


@public.post("/sign-in")
def sign_in(
    request: Request,
    form: Form,
    store: OpenStore,
    settings: SettingsNow,
    templates: Templates,
    now: Now,
) -> Response:
    """A session for the holder of a key; only from a form of this very site."""
    if not is_same_site(request):
        raise ForbiddenError("expected a form sent from the sign-in page itself")
    secret = form.get("key", "").strip()
    record = find_key(store, secret, now=now)
    token = start_session(store, record.key_id, now=now) if record else None
    if token is None:
        context = {"problem": NO_SUCH_KEY}
        return templates.TemplateResponse(request, "sign_in.html", context, status_code=401)
    return with_session(settings, token)


@public.get("/sign-in/{token}")
def follow_link(
    request: Request,
    token: str,
    store: OpenStore,
    settings: SettingsNow,
    templates: Templates,
    now: Now,
) -> Response:
    """A session for the holder of a link; the link is used up."""
    is_possible = token.isascii() and len(token) <= LONGEST_TOKEN
    session = redeem_link(store, token, now=now) if is_possible else None
    if session is None:
        context = {"problem": NO_SUCH_LINK}
        return templates.TemplateResponse(request, "sign_in.html", context, status_code=401)
    return with_session(settings, session)


@router.post("/sign-out")
def sign_out(
    form: Form,
    key: Key,
    session: SessionToken,
    store: OpenStore,
    settings: SettingsNow,
    now: Now,
) -> Response:
    """The end of the session, here and in the store."""
    del key
    sent = form.get("csrf", "").encode()
    expected = form_token(settings, session).encode() if session else b""
    if session is None or not hmac.compare_digest(sent, expected):
        raise ForbiddenError("expected a form that was made for this session")
    end_session(store, session, now=now)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(
        SESSION_COOKIE, secure=not settings.is_loopback, httponly=True, samesite="lax"
    )
    return response


def is_same_site(request: Request) -> bool:
    """Whether a browser says that the form came from this site; silence is a no."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return origin != "" and urlsplit(origin).netloc == request.headers.get("host")


def with_session(settings: Settings, token: str) -> Response:
    """The way to the list, with the session's cookie."""
    response = RedirectResponse("/book", status_code=303)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SESSION_LIFE.total_seconds()),
        secure=not settings.is_loopback,
        httponly=True,
        samesite="lax",
    )
    return response
