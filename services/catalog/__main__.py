"""`python -m services.catalog`."""

from services.catalog.config import Config
from services.catalog.service import serve
from shared.runtime.run import run

run(serve, Config)
