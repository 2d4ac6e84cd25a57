"""A connection is judged by what came, and by nothing else."""

from services.gateway.liveness import LATE_S, LOOK_S, Liveness, Verdict

START = 100.0


def look(liveness: Liveness, since: float, until: float) -> dict[float, Verdict]:
    """Look twice a second and do as told; return the seconds at which there was something to do."""
    told: dict[float, Verdict] = {}
    for step in range(1, round((until - since) / LOOK_S) + 1):
        at = since + step * LOOK_S
        verdict = liveness.look(at)
        if verdict is Verdict.PING:
            liveness.asked(at)
        if verdict is not Verdict.ALIVE:
            told[at - START] = verdict
        if verdict is Verdict.DEAD:
            break
    return told


def test_silence_is_asked_about_once_and_then_death() -> None:
    """After ten seconds of silence one ping is asked for, after twenty the connection is given up."""
    assert look(Liveness(START), START, START + 60) == {10.0: Verdict.PING, 20.0: Verdict.DEAD}


def test_a_quiet_market_is_not_death() -> None:
    """Pongs alone keep a connection alive for as long as one likes."""
    liveness = Liveness(START)
    for round_ in range(100):
        begin = START + round_ * 10.5
        assert Verdict.DEAD not in look(liveness, begin, begin + 10.5).values()
        liveness.heard(begin + 10.5)


def test_a_ping_that_can_not_be_sent_is_not_life() -> None:
    """To ask for pings again and again changes nothing."""
    liveness = Liveness(START)
    verdict = Verdict.ALIVE
    for step in range(1, 41):
        liveness.asked(START + step * LOOK_S)
        verdict = liveness.look(START + step * LOOK_S)
    assert verdict is Verdict.DEAD


def test_whatever_comes_is_life() -> None:
    """Bytes that come a moment before the end start the silence anew, and it is asked about again."""
    liveness = Liveness(START)
    assert look(liveness, START, START + 19.5) == {10.0: Verdict.PING}
    liveness.heard(START + 19.5)
    assert look(liveness, START + 19.5, START + 60) == {29.5: Verdict.PING, 39.5: Verdict.DEAD}


def test_a_process_that_was_held_up_does_not_blame_the_exchange() -> None:
    """After a minute of sleep the connection has still as long as before it."""
    liveness = Liveness(START)
    look(liveness, START, START + 15)
    assert liveness.look(START + 75) is Verdict.ALIVE
    assert look(liveness, START + 75, START + 100) == {79.5: Verdict.DEAD}


def test_small_delays_are_forgiven_only_so_far() -> None:
    """Looks that are a little late still see the death of the connection."""
    liveness, at, pause = Liveness(START), START, LOOK_S + LATE_S * 0.9
    while at < START + 30 and (verdict := liveness.look(at)) is not Verdict.DEAD:
        if verdict is Verdict.PING:
            liveness.asked(at)
        at += pause
    assert START + 20 <= at <= START + 22
