"""`python -m services.book_builder`."""

from services.book_builder.config import Config
from services.book_builder.service import serve
from shared.runtime.run import run

run(serve, Config)
