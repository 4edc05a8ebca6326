"""Documents: the API described for programs, in the two versions that CRMs can read."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from serving.openapi import as_3_0, document

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def read_openapi(request: Request) -> JSONResponse:
    """OpenAPI 3.1."""
    return JSONResponse(document(request.app))


@router.get("/openapi-3.0.json")
def read_openapi_3_0(request: Request) -> JSONResponse:
    """OpenAPI 3.0.3, for Salesforce External Services and other older readers."""
    return JSONResponse(as_3_0(document(request.app)))
