"""`python -m services.gateway`."""

from services.gateway.config import Config
from services.gateway.service import serve
from shared.runtime.run import run

run(serve, Config)
