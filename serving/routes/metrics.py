"""Metrics: requests and the age of what is served, in the text form that Prometheus reads."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.responses import Response

from serving.deps import Now, ServedIfAny

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def read_metrics(request: Request, served: ServedIfAny, now: Now) -> Response:
    """Counts since this worker started, and gauges as of now."""
    gauges = CollectorRegistry()
    ready = Gauge("bucketlist_ready", "1 when a snapshot is in service.", registry=gauges)
    ready.set(0 if served is None else 1)
    if served is not None:
        age = Gauge("bucketlist_snapshot_age_seconds", "Since scoring began.", registry=gauges)
        age.set((now - served.snapshot.scored_at).total_seconds())
        stale = Gauge("bucketlist_snapshot_stale", "1 when it may be out of date.", registry=gauges)
        stale.set(int(served.is_stale))
    body = generate_latest(request.state.metrics.registry) + generate_latest(gauges)
    return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST})
