"""Middleware: what holds for every request: a host, a limit, headers, a line in the log."""

import re
import secrets
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.problems import (
    TooLargeError,
    UnexpectedError,
    UnknownHostError,
    problem_response,
)

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 8.0)
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:\[\]]+))(?::[0-9]{0,5})?")
UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class RequestMetrics:
    """Counts and durations by route template, in a registry of this application's own."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram


def request_metrics() -> RequestMetrics:
    """New metrics that count from zero."""
    registry = CollectorRegistry()
    return RequestMetrics(
        registry,
        Counter(
            "bucketlist_requests",
            "Requests by route and status.",
            ("method", "route", "status"),
            registry=registry,
        ),
        Histogram(
            "bucketlist_request_seconds",
            "Time to answer, by route.",
            ("method", "route"),
            buckets=SECONDS,
            registry=registry,
        ),
    )


def json_log() -> Any:
    """A logger that writes one JSON line per event to stderr."""
    return structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
    )


@dataclass(slots=True)
class _Answer:
    """What is known of the answer so far; `size` counts bytes of the request's body."""

    request_id: str
    status: int = 0
    size: int = 0
    is_too_large: bool = False
    started: float = field(default_factory=time.perf_counter)


class BodyTooLarge(Exception):  # noqa: N818  never shown: it only ends the reading of a body
    """Raised into whoever reads a body beyond the limit."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The outermost layer: no request passes without it, and no error leaves it unrendered.

    Attributes:
        app: what is guarded.
        hosts: names by which the server may be asked for; any other is refused, so that no page
            elsewhere gets in by pointing its own name at this address.
        limit: bytes of a request body at most, counted while they arrive.
        metrics: where requests are counted.
        log: one line per request, by route template: paths may hold tokens.
    """

    app: ASGIApp
    hosts: frozenset[str]
    limit: int
    metrics: RequestMetrics
    log: Any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        answer = _Answer(asked if REQUEST_ID.fullmatch(asked) else secrets.token_hex(8))
        try:
            if self._is_asked_for(scope):
                await self._serve(scope, receive, send, answer=answer)
            else:
                refusing = _sender(send, answer, is_static=False)
                await problem_response(UnknownHostError())(scope, receive, refusing)
        finally:
            self._note(scope, answer)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, *, answer: _Answer) -> None:
        sending = _sender(send, answer, is_static=scope["path"].startswith("/static/"))

        async def limited() -> Message:
            message = await receive()
            answer.size += len(message.get("body", b""))
            if answer.size > self.limit:
                answer.is_too_large = True
                raise BodyTooLarge
            return message

        async def held(message: Message) -> None:
            # a reader may turn BodyTooLarge into an answer of its own: that one is dropped
            if not answer.is_too_large or answer.status:
                await sending(message)

        announced = Headers(scope=scope).get("content-length", "")
        try:
            if announced.isdecimal() and int(announced[:19]) > self.limit:
                answer.is_too_large = True
            else:
                await self.app(scope, limited, held)
        except Exception as error:
            if not answer.is_too_large:
                self.log.exception("failed", request_id=answer.request_id, exc_info=error)
                if answer.status:
                    raise  # half an answer is out: only cutting the connection tells the client
                await problem_response(UnexpectedError())(scope, receive, sending)
        if answer.is_too_large and not answer.status:
            detail = f"expected a body of at most {self.limit} bytes, got more"
            await problem_response(TooLargeError(detail))(scope, receive, sending)

    def _is_asked_for(self, scope: Scope) -> bool:
        """Whether the one Host header has a name of this server; its port does not matter."""
        given = Headers(scope=scope).getlist("host")
        found = HOST.fullmatch(given[0].lower()) if len(given) == 1 else None
        return found is not None and (found[1] or found[2]) in self.hosts

    def _note(self, scope: Scope, answer: _Answer) -> None:
        route, method = _template(scope), _method(scope)
        seconds = time.perf_counter() - answer.started
        self.metrics.requests.labels(method, route, str(answer.status)).inc()
        self.metrics.seconds.labels(method, route).observe(seconds)
        self.log.info(
            "request",
            request_id=answer.request_id,
            method=method,
            route=route,
            status=answer.status,
            milliseconds=round(seconds * 1000, 2),
        )


def _sender(send: Send, answer: _Answer, *, is_static: bool) -> Send:
    """Send, with the headers that every answer has, noting the status."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            headers["X-Request-ID"] = answer.request_id
            if not is_static:
                headers["Cache-Control"] = "no-store"
        await send(message)

    return sending


def _template(scope: Scope) -> str:
    """The route's path with its parameters unfilled; unknown paths all count as one."""
    if scope["path"].startswith("/static/"):
        return "/static"
    return str(getattr(scope.get("route"), "path", None) or UNMATCHED)


def _method(scope: Scope) -> str:
    known = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}
    return scope["method"] if scope["method"] in known else "other"
