"""The gateway's shell: a line to the exchange per connection, a sender and a watchdog on each, and the bus behind."""

from services.gateway.service.shell import serve

__all__ = ["serve"]
