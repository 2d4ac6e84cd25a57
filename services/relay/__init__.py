"""The clients' side: a WebSocket that understands books, HTTP, and the page at `/`.

Reads `book`, `top`, `depth`, `ticker`, `ticker1s`, `trade` and `lifecycle` for as long as some client wants them,
`sys.gateway` for which markets there are, and asks `rpc.book.get`. Speaks the relay protocol of `proto/relay.py` at
`/ws`. Each event is encoded once for all clients, what a client gets in one loop turn leaves in one message, and nobody
waits for anybody: a client that reads too slowly is conflated, and closed if it does not read at all.
"""
