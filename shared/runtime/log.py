"""Structured logs on standard output: JSON for machines, text for a terminal."""

import logging
import sys

import structlog

from shared.runtime.settings import Runtime

Log = structlog.typing.FilteringBoundLogger


def configure(service: str, settings: Runtime) -> Log:
    """Set the process's logging up and return its logger."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    as_text = settings.log_format == "text" or (not settings.log_format and sys.stdout.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(pad_event_to=0) if as_text else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if not as_text else structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    # Libraries that log through the standard module are heard from warnings up, on standard error.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    log: Log = structlog.get_logger(service=service)
    return log
