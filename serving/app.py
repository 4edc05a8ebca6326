"""The application: routes, what lives as long as the process, and the rules for all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from serving.deps import Clock, State, any_key
from serving.live import LiveSnapshot
from serving.middleware import Guard, RequestMetrics, json_log, request_metrics
from serving.problems import NotSignedInError, ProblemError, is_page, render_problem
from serving.routes import accounts, book, deals, documents, health, metrics, models, sign_in
from serving.schemas import Problem
from serving.settings import Settings
from serving.store.engine import Store, StoreDownError, open_store

HERE = Path(__file__).parent
VERSION = "1"
DESCRIPTION = (
    "Which accounts deserve the next hour, which are a pain, which to walk away from for now, "
    "and which deals will slip. Probabilities say how often, not why."
)
PROTECTED = (accounts.router, deals.router, book.router, book.pages, models.router)
PROTECTED_TOO = (health.router, documents.router, metrics.router, sign_in.router)
PUBLIC = (health.public, sign_in.public)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[State]]


def create_app(
    settings: Settings,
    *,
    store: Store | None = None,
    live: LiveSnapshot | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """Build the application; nothing is opened before it starts.

    Args:
        settings: of this home; the store must have been migrated.
        store: opened from the settings, and closed at the end, when not given.
        live: of the home's snapshots when not given.
        clock: UTC; the machine's when not given.
    """
    log, counted = json_log(), request_metrics()
    app = FastAPI(
        title="Bucketlist",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(settings, store, live, clock=clock, metrics=counted, log=log),
        generate_unique_id_function=_operation_id,
        responses={status: {"model": Problem} for status in (400, 401, 403, 404, 413, 422, 503)},
        redirect_slashes=False,
    )
    for router in (*PROTECTED, *PROTECTED_TOO):
        app.include_router(router, dependencies=[Depends(any_key)])
    for router in PUBLIC:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for kind in (ProblemError, RequestValidationError, HTTPException, StoreDownError):
        app.add_exception_handler(kind, render_problem)
    app.add_exception_handler(NotSignedInError, _ask_to_sign_in)
    app.add_middleware(
        Guard,
        hosts=settings.names,
        limit=settings.body_limit_bytes,
        metrics=counted,
        log=log,
    )
    return app


def from_environment() -> FastAPI:
    """The application of one worker process, from `BUCKETLIST_*` and the file."""
    return create_app(Settings())


def page_templates() -> Jinja2Templates:
    """The templates; every value is escaped and a missing one is an error."""
    return Jinja2Templates(
        env=Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
    )


def _lifespan(
    settings: Settings,
    store: Store | None,
    live: LiveSnapshot | None,
    *,
    clock: Clock | None,
    metrics: RequestMetrics,
    log: Any,
) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        opened = store or open_store(settings)
        holder = live or LiveSnapshot(settings.home, opened)
        await asyncio.to_thread(holder.refresh)
        polling = asyncio.create_task(_poll(holder, settings.poll_seconds, log))
        try:
            yield {
                "settings": settings,
                "store": opened,
                "live": holder,
                "clock": clock or _utc_now,
                "templates": page_templates(),
                "metrics": metrics,
            }
        finally:
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await polling
            if store is None:
                opened.close()

    return lifespan


async def _poll(live: LiveSnapshot, seconds: float, log: Any) -> None:
    """Follow the pointer for as long as the process lives, whatever one look ends in."""
    while True:
        await asyncio.sleep(seconds)
        former = live.problem
        try:
            has_changed = await asyncio.to_thread(live.refresh)
        except Exception as error:
            log.exception("refresh failed", exc_info=error)
            continue
        served = live.served
        if has_changed and served is not None:
            log.info("snapshot in service", snapshot_id=served.snapshot.snapshot_id)
        if live.problem != former:
            log.warning("readiness changed", problem=live.problem)


async def _ask_to_sign_in(request: Request, error: Exception) -> Response:
    """A browser without a session is shown the way; a program gets the problem."""
    if is_page(request.url.path):
        return RedirectResponse("/sign-in", status_code=303)
    return await render_problem(request, error)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _utc_now() -> datetime:
    return datetime.now(UTC)
