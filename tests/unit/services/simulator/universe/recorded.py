"""The recorded listing, and a time at which simulations of it start."""

from datetime import UTC, datetime
from pathlib import Path

from shared.kalshi.hours import micros

DATA = (Path(__file__).parents[5] / "services/simulator/data/rest-markets-sports-2026-07-09.json.gz").read_bytes()
NOW = micros(datetime(2026, 11, 20, 5, 30, tzinfo=UTC))
