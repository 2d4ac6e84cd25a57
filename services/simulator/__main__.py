"""Starts the simulator: `python -m services.simulator`."""

from services.simulator.config import Config
from services.simulator.service import serve
from shared.runtime.run import run

run(serve, Config)
