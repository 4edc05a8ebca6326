"""Problems: every error of the API, rendered once as application/problem+json."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from serving.store.engine import StoreDownError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:bucketlist:problem:"
RETRY_SECONDS = 5
SHOWN_FAULTS = 5
PAGES = ("/book", "/sign-")


class ProblemError(Exception):
    """An error with a type, a title and a status; `detail` is for the caller to read.

    Attributes:
        detail: what was expected and what was found; never names a record of someone else.
        headers: sent with the answer.
    """

    type = "unexpected"
    title = "Something went wrong on our side"
    status = 500

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})


class UnknownHostError(ProblemError):
    """The request asks for a server of another name; a page elsewhere may be behind it."""

    type = "unknown-host"
    title = "Not a name of this server"
    status = 400

    def __init__(self) -> None:
        super().__init__("expected one Host header with a name that `allowed_hosts` lists")


class NotSignedInError(ProblemError):
    """No key or session, or one that is not live; which of these is not said."""

    type = "not-signed-in"
    title = "A key is needed"
    status = 401

    def __init__(self) -> None:
        super().__init__(
            "expected a live key in `Authorization: Bearer KEY`, or a session",
            headers={"WWW-Authenticate": "Bearer"},
        )


class ForbiddenError(ProblemError):
    """The role does not open this route."""

    type = "forbidden"
    title = "Not open to this role"
    status = 403


class UnknownRecordError(ProblemError):
    """No such record, or one of somebody else: both give the same bytes."""

    type = "unknown-record"
    title = "No such record"
    status = 404

    def __init__(self) -> None:
        super().__init__("expected the id of a record that this key may see, found none")


class StaleCursorError(ProblemError):
    """The list was published anew since the cursor was made."""

    type = "list-changed"
    title = "The list was published anew"
    status = 410


class TooLargeError(ProblemError):
    """A body, or a batch in it, beyond its limit."""

    type = "too-large"
    title = "Too much in one call"
    status = 413


class MediaTypeError(ProblemError):
    """A body of another kind than the route reads."""

    type = "unsupported-media-type"
    title = "Not the kind of body that is read here"
    status = 415

    def __init__(self) -> None:
        super().__init__("expected a body of Content-Type application/json")


class MalformedError(ProblemError):
    """Input that is not of its form."""

    type = "malformed"
    title = "Malformed input"
    status = 422


class NotReadyError(ProblemError):
    """Nothing to answer from, or nobody to ask who is calling; worth another try."""

    type = "not-ready"
    title = "Not ready"
    status = 503

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": str(RETRY_SECONDS)})


class UnexpectedError(ProblemError):
    """A fault of ours; the answer says nothing about it but that it is in the log."""

    def __init__(self) -> None:
        super().__init__("the request failed on our side; the log has it under its request id")


def problem_of(error: Exception) -> ProblemError:
    """The problem to show for any error; details of unexpected ones stay out of it."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RequestValidationError):
        return MalformedError(_faults(error))
    if isinstance(error, StoreDownError):
        return NotReadyError("expected the score store to answer, it does not")
    if isinstance(error, HTTPException):
        return _from_http(error)
    return UnexpectedError()


def problem_body(problem: ProblemError) -> bytes:
    """The document; it names neither the path nor any id, so that equal causes look equal."""
    fields = {
        "type": TYPE_PREFIX + problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    return json.dumps(fields, ensure_ascii=False).encode("utf-8")


def problem_response(problem: ProblemError) -> Response:
    """The answer of the API."""
    return Response(
        problem_body(problem),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


async def render_problem(request: Request, error: Exception) -> Response:
    """The exception handler of the application: a page for pages, a document for the API."""
    problem = problem_of(error)
    if not is_page(request.url.path):
        return problem_response(problem)
    page: Response = request.state.templates.TemplateResponse(
        request,
        "problem.html",
        {"status": problem.status, "title": problem.title, "detail": problem.detail},
        status_code=problem.status,
        headers=problem.headers,
    )
    return page


def is_page(path: str) -> bool:
    """Whether a person looks at what is there, so that errors are shown as pages too."""
    return path == "/" or path.startswith(PAGES)


def _from_http(error: HTTPException) -> ProblemError:
    problem = ProblemError(
        {
            404: "expected the path of a route, found none there",
            405: "expected a method that this path knows",
        }.get(error.status_code, "the request cannot be answered"),
        headers=error.headers,
    )
    problem.status = error.status_code
    problem.title = HTTPStatus(error.status_code).phrase
    problem.type = problem.title.lower().replace(" ", "-")
    return problem


def _faults(error: RequestValidationError) -> str:
    """Where and what, without what was sent: that may be a secret, or markup."""
    faults = error.errors()
    lines = [
        f"{'.'.join(_step(step) for step in fault['loc'][:4])}: {str(fault['msg'])[:120]}"
        for fault in faults[:SHOWN_FAULTS]
    ]
    rest = len(faults) - len(lines)
    return "; ".join(lines) + (f"; and {rest} more" if rest > 0 else "")


def _step(step: int | str) -> str:
    """One step of a place; a key that is no plain text is left out, as it cannot be shown."""
    text = str(step)[:40]
    return text if text.isprintable() else "…"
