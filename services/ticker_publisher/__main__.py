"""`python -m services.ticker_publisher`."""

from services.ticker_publisher.config import Config
from services.ticker_publisher.service import serve
from shared.runtime.run import run

run(serve, Config)
