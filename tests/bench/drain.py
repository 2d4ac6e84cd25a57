"""A WebSocket client that only counts: as cheap as a receiver can be, in a process of its own."""

import base64
import os
import socket
import sys
import time

import msgspec

from shared.kalshi.signing import SIMULATOR_KEY_ID, Signer, simulator_key

PATH = "/trade-api/ws/v2"
#: Every message ends with a newline after its last brace, and nothing else looks like that.
_END = b"}\n"
#: Sent now and then, because who says nothing for long is cut.
_PONG = b"\x8a\x80" + bytes(4)
_PONG_EVERY_S = 5.0


def main(port: int, seconds: float, channels: list[str], tickers: list[str]) -> None:
    """Subscribe, wait a second for the snapshots to pass, count for so long, and print what was counted as JSON."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        _upgrade(connection, port)
        _subscribe(connection, channels, tickers)
        _count(connection, 1.0)
        started = time.monotonic()
        messages, size = _count(connection, seconds)
        elapsed = time.monotonic() - started
    sys.stdout.buffer.write(msgspec.json.encode({"messages": messages, "bytes": size, "seconds": elapsed}))


def _upgrade(connection: socket.socket, port: int) -> None:
    signed = Signer(SIMULATOR_KEY_ID, simulator_key()).headers("GET", PATH, time.time_ns() // 1_000_000)
    headers = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        **signed,
    }
    lines = [f"GET {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())
    reply = b""
    while b"\r\n\r\n" not in reply:
        reply += connection.recv(4096)
    if b" 101 " not in reply.partition(b"\r\n")[0]:
        raise SystemExit(f"no upgrade: {reply.decode()}")


def _subscribe(connection: socket.socket, channels: list[str], tickers: list[str]) -> None:
    command = {
        "id": 1,
        "cmd": "subscribe",
        "params": {"channels": channels, "market_tickers": tickers, "use_yes_price": True, "skip_ticker_ack": True},
    }
    payload = msgspec.json.encode(command)
    # A mask of zeros leaves the payload as it is.
    connection.sendall(b"\x81\xff" + len(payload).to_bytes(8) + bytes(4) + payload)


def _count(connection: socket.socket, seconds: float) -> tuple[int, int]:
    messages = size = 0
    until = pong_at = time.monotonic()
    until += seconds
    tail = b""
    connection.settimeout(0.2)
    while (now := time.monotonic()) < until:
        if now >= pong_at:
            connection.sendall(_PONG)
            pong_at = now + _PONG_EVERY_S
        try:
            data = connection.recv(2**20)
        except TimeoutError:
            continue
        if not data:
            raise SystemExit("the connection was closed")
        messages += data.count(_END) + (tail + data[:1] == _END)
        size += len(data)
        tail = data[-1:]
    return messages, size


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read())
    main(asked["port"], asked["seconds"], asked["channels"], asked["tickers"])
