"""Does the reads that the core wants of the account, one at a time, beside everything else."""

import asyncio
import random
from collections.abc import Callable

from services.gateway.budget import HARD_PAUSE_S
from services.gateway.private import Private
from services.gateway.service.rest import Rest, RestFailed
from shared.market.backoff import delays
from shared.runtime.clock import now
from shared.runtime.log import Log

LOOK_S = 0.1
NO_SUCH = 404
#: A key that may not read the account will not sooner than its owner changes that.
NOT_ALLOWED = {401, 403}


async def read_account(private: Private, rest: Rest, log: Log, flush: Callable[[], None]) -> None:
    """Run until cancelled."""
    pauses = delays(random.random)
    while True:
        read = private.wanted()
        if read is None:
            await asyncio.sleep(LOOK_S)
            continue
        await asyncio.sleep(read.pause_s)
        try:
            body = await rest.get(read.path, read.params)
        except RestFailed as error:
            if read.optional and error.status == NO_SUCH:
                private.answered(read, None, now())
            else:
                log.warning("a read of the account failed", path=read.path, reason=str(error))
                private.failed(read, error.reason, now())
                await asyncio.sleep(HARD_PAUSE_S if error.status in NOT_ALLOWED else next(pauses))
        else:
            pauses = delays(random.random)
            private.answered(read, body, now())
        flush()
