"""WebSocket frames as bytes."""


def text_frame(payload: bytes) -> bytes:
    """Return the bytes of an unmasked text frame, to be made once and written to many clients."""
    # By hand (RFC 6455, section 5.2), because it is done for every message and the library takes four times as long.
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 2**16:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), payload)
    return b"\x81\x7f%b%b" % (size.to_bytes(8), payload)
