"""How routes answer, and what stands before their paths."""

import msgspec
from fastapi.responses import Response

API = "/trade-api/v2"


def reply(body: object, status: int = 200) -> Response:
    """Return a reply in JSON."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")
