"""Health: whether the process lives, and whether it has sound answers to give."""

from fastapi import APIRouter, Response

from serving.deps import AnyCaller, Live, Now, OpenStore, ServedIfAny
from serving.problems import RETRY_SECONDS
from serving.schemas import Health, Ready
from serving.store.engine import Store, StoreDownError

router = APIRouter(tags=["health"])
public = APIRouter(tags=["health"])


@public.get("/healthz")
def read_health() -> Health:
    """The process answers."""
    return Health(alive=True)


@router.get("/readyz", responses={503: {"model": Ready}})
def read_readiness(
    response: Response,
    live: Live,
    served: ServedIfAny,
    store: OpenStore,
    caller: AnyCaller,
    now: Now,
) -> Ready:
    """Which bundle and which snapshot are in service, how old, and what is wrong."""
    problem = live.problem or _store_problem(store)
    if problem is not None and caller.role != "admin":
        problem = "the newest publication is not in service; a key of role admin shows why"
    if served is None:
        response.status_code = 503
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    snapshot = served.snapshot if served else None
    age = (now - snapshot.scored_at).total_seconds() / 3600 if snapshot else None
    return Ready(
        ready=served is not None,
        snapshot_id=snapshot.snapshot_id if snapshot else None,
        bundle=served.bundle.hash if served else None,
        model_version=snapshot.model_version if snapshot else None,
        as_of=snapshot.as_of if snapshot else None,
        scored_at=snapshot.scored_at if snapshot else None,
        age_hours=age,
        stale=served.is_stale if served else False,
        problem=problem,
    )


def _store_problem(store: Store) -> str | None:
    try:
        store.ping()
    except StoreDownError as error:
        return str(error)
    return None
