"""Does the reads that the core wants of the account, one at a time, beside everything else."""

import asyncio
import random
from collections.abc import Callable
from typing import NamedTuple

from services.gateway.budget import HARD_PAUSE_S
from services.gateway.private import Private
from services.gateway.reading import Read
from shared.kalshi.signing import Signer
from shared.market.backoff import delays
from shared.runtime.clock import now
from shared.runtime.log import Log
from shared.runtime.rest import NoAnswer, reaching

LOOK_S = 0.1
NO_SUCH = 404
READS_PER_S = 10.0


class Account(NamedTuple):
    """Where the account is read, and what signs for it."""

    url: str
    signer: Signer


async def read_account(private: Private, account: Account, log: Log, flush: Callable[[], None]) -> None:
    """Run until cancelled."""
    pauses = delays(random.random)
    sign = account.signer.headers
    async with reaching(account.url, sign, per_second=READS_PER_S, setting="KALSHI_REST_URL") as rest:
        while True:
            read = private.wanted()
            if read is None:
                await asyncio.sleep(LOOK_S)
                continue
            await asyncio.sleep(read.pause_s)
            try:
                body = await rest.get(read.path, read.params)
            except NoAnswer as error:
                if not _is_none(read, error):
                    log.warning("a read of the account failed", path=read.path, reason=str(error))
                    private.failed(read, _reason(error), now())
                    flush()
                    # A key that may not read the account will not sooner than its owner changes that.
                    await asyncio.sleep(HARD_PAUSE_S if error.why == "unauthorised" else next(pauses))
                    continue
                private.answered(read, None, now())
            else:
                pauses = delays(random.random)
                private.answered(read, body, now())
            flush()


def _is_none(read: Read, error: NoAnswer) -> bool:
    return read.optional and error.status == NO_SUCH


def _reason(error: NoAnswer) -> str:
    return "unreachable" if error.status is None else f"http_{error.status}"
