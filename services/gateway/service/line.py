"""One line to the exchange: dials, holds its connection, feeds the core with what comes, and dials again.

Lines know nothing of one another but the budget of their dialler, so that several run side by side.
"""

import asyncio
import random
from collections.abc import Callable

import msgspec
from websockets.exceptions import ConnectionClosed

from services.gateway.budget import SETTLED_S, Pauses
from services.gateway.core import Gateway
from services.gateway.dialling import MAINTENANCE, Refusal, in_maintenance
from services.gateway.liveness import LOOK_S, Liveness, Verdict
from services.gateway.load import Rate
from services.gateway.measures import Measures
from services.gateway.service.connection import Connection, Dialler, close
from services.gateway.service.sender import Sender
from shared.kalshi.commands import Command
from shared.kalshi.hours import maintenance_left_s
from shared.runtime.clock import now
from shared.runtime.health import Health
from shared.runtime.log import Log


class Patience(msgspec.Struct, frozen=True):
    """How long a line waits, in seconds."""

    ping_after: float = 10.0
    dead_after: float = 20.0
    send: float = 5.0


class Surroundings(msgspec.Struct, frozen=True):
    """What all lines of a process share; `flush` does what the core says."""

    core: Gateway
    dialler: Dialler
    health: Health
    measures: Measures
    log: Log
    flush: Callable[[], None]
    patience: Patience = Patience()
    random: Callable[[], float] = random.random


class Line:
    """Connection number `number`; `part` is what /readyz calls it."""

    def __init__(self, number: int, part: str, around: Surroundings) -> None:
        self.number = number
        self.rate = Rate()
        self._part = part
        self._around = around
        self._core = around.core
        self._dialler = around.dialler
        self._log = around.log.bind(connection=number)
        self._pauses = Pauses(around.random)
        self._sender: Sender | None = None
        self._unsampled = False

    async def run(self) -> None:
        """Stay connected until cancelled; whoever runs it again begins anew."""
        try:
            while True:
                await self._dialler.permission()
                await asyncio.sleep(await self._dial())
        finally:
            self.rate, self._unsampled = Rate(), False
            self._pauses.settled()

    def command(self, command: Command) -> None:
        """Have a command sent, in order; without a connection there is nobody to command."""
        if self._sender is not None:
            self._sender.command(command)

    def drop(self, reason: str) -> None:
        """Give the connection up."""
        if self._sender is not None:
            self._sender.drop(reason)

    async def _dial(self) -> float:
        """Make a connection and hold it to its end; return the seconds to wait."""
        connection = await self._dialler.dial()
        if isinstance(connection, Refusal):
            return self._failed(connection)
        self._dialler.budget.admitted()
        return await self._hold(connection)

    async def _hold(self, connection: Connection) -> float:
        """Hold a connection to its end; return the seconds to wait."""
        opened_at = now().at
        sender = self._sender = Sender(connection, self._around.patience.send)
        self._around.health.well(self._part)
        self._log.info("connected", url=self._dialler.url)
        self._core.opened(self._dialler.clock(), self.number)
        self._around.flush()
        try:
            cause = await self._converse(connection, sender)
        finally:
            self._sender = None
            await close(connection)
        if now().at - opened_at > SETTLED_S:
            self._pauses.settled()
        return self._lost(sender.dropped or "closed_by_exchange", cause)

    async def _converse(self, connection: Connection, sender: Sender) -> str:
        """Read, send and watch until the connection ends; return why it did."""
        patience = self._around.patience
        liveness = Liveness(now().at, ping_after_s=patience.ping_after, dead_after_s=patience.dead_after)
        connection.heard = liveness.heard
        connection.turned = self._turned
        async with asyncio.TaskGroup() as group:
            helpers = [
                group.create_task(sender.send_commands(), name="commands"),
                group.create_task(sender.send_pings(), name="pings"),
                group.create_task(_watch(liveness, sender), name="watchdog"),
            ]
            cause = await self._read(connection)
            for helper in helpers:
                helper.cancel()
        return cause

    async def _read(self, connection: Connection) -> str:
        """Feed the core with every frame; return why the connection ended."""
        try:
            while True:
                frame = await connection.recv(decode=False)
                self._core.received(frame, self._dialler.clock(), self.number)
                self.rate.add()
                self._unsampled = True
                self._around.flush()
        except ConnectionClosed as closed:
            return str(closed)

    def _turned(self, at: float) -> None:
        # One sample for all frames that came together: the time of the last of them.
        if self._unsampled:
            self._unsampled = False
            self._around.measures.published(now().at - at)

    def _lost(self, reason: str, cause: str) -> float:
        clock = self._dialler.clock()
        left_s = maintenance_left_s(clock.ts)
        if left_s is None:
            self._around.health.ill(self._part, f"the connection was lost ({reason}), trying again")
            self._log.warning("disconnected", reason=reason, cause=cause)
        else:
            self._around.health.ill(self._part, MAINTENANCE)
            self._log.info("disconnected", reason=reason, cause=cause, detail=MAINTENANCE)
        self._core.closed(reason, clock, self.number)
        self._around.flush()
        return self._pauses.next(left_s)

    def _failed(self, refused: Refusal) -> float:
        left_s = maintenance_left_s(self._dialler.clock().ts)
        if left_s is not None:
            refused = in_maintenance(refused)
        self._core.counts.add("failed_dials", refused.reason)
        self._around.health.ill(self._part, refused.sentence)
        getattr(self._log, refused.level)(refused.sentence)
        self._dialler.budget.refused(now().at, hard=refused.hard)
        # After a hard refusal the budget says when, for all lines.
        return 0.0 if refused.hard else self._pauses.next(left_s)


async def _watch(liveness: Liveness, sender: Sender) -> None:
    """Look at what was heard; waits for nothing but time, so that no socket can hold it up."""
    while True:
        await asyncio.sleep(LOOK_S)
        at = now().at
        match liveness.look(at):
            case Verdict.PING:
                liveness.asked(at)
                sender.ping()
            case Verdict.DEAD:
                sender.drop("silent")
                return
