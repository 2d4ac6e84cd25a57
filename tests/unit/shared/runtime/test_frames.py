"""Text frames are made once and read by any WebSocket client."""

from collections.abc import Generator

import pytest
from websockets.frames import Frame, Opcode

from shared.runtime.frames import text_frame


def parsed(data: bytes) -> Frame:
    """Read a frame as a client does, to its last byte."""

    def read_exact(length: int) -> Generator[None, None, bytes]:
        nonlocal data
        taken, data = data[:length], data[length:]
        assert len(taken) == length
        yield from ()
        return taken

    parser = Frame.parse(read_exact, mask=False)
    try:
        next(parser)
    except StopIteration as stop:
        assert not data
        frame: Frame = stop.value
        return frame
    raise AssertionError("the frame is not complete")


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])
def test_frame_is_one_whole_text_message(length: int) -> None:
    """Final, unmasked, and with its length written in one, three or nine bytes."""
    payload = b"x" * length
    frame = parsed(text_frame(payload))
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, payload)
    header = 2 if length < 126 else 4 if length < 65_536 else 10
    assert len(text_frame(payload)) == header + length
