"""`python -m services.relay`."""

from services.relay.config import Config
from services.relay.service import serve
from shared.runtime.run import run

run(serve, Config)
