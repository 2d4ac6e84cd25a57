"""Whether a service is alive and ready, and its metrics: /livez, /readyz and /metrics."""

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


class Readiness(msgspec.Struct, frozen=True):
    """The body of /readyz: what each part says of itself."""

    ready: bool
    checks: dict[str, str]


class Health:
    """Parts of a service report here; it is ready when each has said that it is well."""

    def __init__(self, *parts: str) -> None:
        self._problems: dict[str, str] = dict.fromkeys(parts, "starting")
        self._details: dict[str, str] = {}

    def well(self, part: str, detail: str = "ok") -> None:
        """Note that a part works; the detail says as what."""
        self._problems[part] = ""
        self._details[part] = detail

    def ill(self, part: str, problem: str) -> None:
        """Note in a sentence why a part does not work."""
        self._problems[part] = problem

    def judge(self, part: str, *, well: bool, problem: str) -> None:
        """Note that a part works, or in a sentence why not."""
        if well:
            self.well(part)
        else:
            self.ill(part, problem)

    def readiness(self) -> Readiness:
        """Return what /readyz answers."""
        checks = {part: problem or self._details.get(part, "ok") for part, problem in self._problems.items()}
        return Readiness(ready=not any(self._problems.values()), checks=checks)

    def routes(self) -> list[Route]:
        """Return the three HTTP routes."""
        return [
            Route("/livez", self._livez),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]

    async def _livez(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    async def _readyz(self, _: Request) -> Response:
        readiness = self.readiness()
        return JSONResponse(msgspec.to_builtins(readiness), status_code=200 if readiness.ready else 503)

    async def _metrics(self, _: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
