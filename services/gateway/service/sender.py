"""The sending side of one connection: everything that is sent has a deadline, and nobody else waits for it."""

import asyncio
import contextlib

from websockets.exceptions import ConnectionClosed

from services.gateway.service.connection import Connection
from shared.kalshi.commands import Command, encode


class Sender:
    """A command that can not be sent in time ends the connection; a ping that can not be sent is no more than that."""

    def __init__(self, connection: Connection, deadline_s: float) -> None:
        self.dropped = ""
        self._connection = connection
        self._deadline_s = deadline_s
        self._waiting: list[Command] = []
        self._commanded = asyncio.Event()
        self._asked = asyncio.Event()

    def command(self, command: Command) -> None:
        """Have a command sent, in order."""
        self._waiting.append(command)
        self._commanded.set()

    def ping(self) -> None:
        """Have a ping sent."""
        self._asked.set()

    def drop(self, reason: str) -> None:
        """Give the connection up without waiting for the exchange."""
        self.dropped = self.dropped or reason
        self._connection.transport.abort()

    async def send_commands(self) -> None:
        """Send what waits; runs until cancelled or the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._commanded.wait()
                self._commanded.clear()
                waiting, self._waiting = self._waiting, []
                for command in waiting:
                    await self._send(encode(command).decode())

    async def send_pings(self) -> None:
        """Send the pings that are asked for; runs until cancelled or the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._asked.wait()
                self._asked.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._deadline_s):
                        await self._connection.ping()

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._connection.send(text)
        except TimeoutError:
            self.drop("send_timeout")
