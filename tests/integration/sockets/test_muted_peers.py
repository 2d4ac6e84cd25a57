"""Peers that say nothing though their connection is open."""

import asyncio

import pytest
from websockets.frames import Close, Frame, Opcode

from tests.integration.sockets.harness import INTERVAL_S, Place, Raw, until

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


@pytest.mark.parametrize("pongs", [True, False])
async def test_muted_client_hears_nothing(place: Place, pongs: bool) -> None:
    """What was said before arrives; then pings are answered and sent, or nothing is; what was lost stays lost."""
    raw = await Raw.connect(place, "/quick")
    (peer,) = place.handler.peers
    peer.send(b"before")
    peer.mute(pongs=pongs)
    peer.send(b"lost")
    raw.send(Opcode.PING, b"hear me")
    raw.send(Opcode.TEXT, b"echo")
    await asyncio.sleep(1.5 * INTERVAL_S)
    peer.unmute()
    peer.send(b"after")
    heard = [await raw.read()]
    while heard[-1].data != b"after":
        heard.append(await raw.read())
    assert [frame.data for frame in heard if frame.opcode is Opcode.TEXT] == [b"before", b"after"]
    assert {frame.opcode for frame in heard} - {Opcode.TEXT} == ({Opcode.PING, Opcode.PONG} if pongs else set())
    assert place.handler.messages == (["echo"] if pongs else [])
    await raw.leave()


async def test_frames_cut_in_two_by_the_end_of_a_mute(place: Place, raw: Raw) -> None:
    """What began while nobody listened is understood to its end, and what comes then is heard."""
    (peer,) = place.handler.peers
    peer.mute(pongs=False)
    begun = Frame(Opcode.TEXT, b"first").serialize(mask=True)
    raw.writer.write(begun[:3])
    await asyncio.sleep(0.05)
    peer.unmute()
    raw.writer.write(begun[3:])
    raw.send(Opcode.TEXT, b"second")
    await until(lambda: place.handler.messages == ["first", "second"])


async def test_deaf_peer_swallows_what_is_sent(place: Place, raw: Raw) -> None:
    """The client can send as much as it likes and is not cut for being silent; its goodbye is not answered."""
    (peer,) = place.handler.peers
    peer.mute(pongs=False)
    commands = Frame(Opcode.TEXT, b"echo".ljust(200)).serialize(mask=True) * 1000
    async with asyncio.timeout(10):
        for _ in range(20):
            raw.writer.write(commands)
            await raw.writer.drain()
    raw.send(Opcode.CLOSE, b"")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await raw.read()
    assert place.handler.messages == []
    assert place.handler.gone == []
    peer.unmute()
    await raw.is_cut()
    await until(lambda: place.handler.gone == [peer])


async def test_silence_of_a_deaf_peer_is_its_own(place: Place) -> None:
    """A client that is sent no pings can not answer them, so it is not cut."""
    raw = await Raw.connect(place, "/quick")
    (peer,) = place.handler.peers
    peer.mute(pongs=False)
    await asyncio.sleep(4 * INTERVAL_S)
    assert place.handler.gone == []
    peer.unmute()
    await raw.is_cut()
    assert place.handler.gone == [peer]
    await raw.leave()


@pytest.mark.parametrize("goodbye", [False, True])
async def test_deaf_peer_closes(place: Place, raw: Raw, goodbye: bool) -> None:
    """A muted client is closed like any other, unless it wanted to go itself."""
    (peer,) = place.handler.peers
    peer.mute(pongs=False)
    if goodbye:
        raw.send(Opcode.CLOSE, b"")
        await asyncio.sleep(0.05)
    peer.close(1001, "the end")
    if goodbye:
        await raw.is_cut()
    else:
        assert await raw.read_close() == Close(1001, "the end")
    await until(lambda: place.handler.gone == [peer])
