"""Stands in for Kalshi: the exchange's WebSocket protocol and the part of its REST API that the other services use.

Promises: handshakes are signed as at the exchange or refused with its 401; there is one sid per channel and one
sequence over all markets of it, control replies included; the frames played were sent by the real exchange, and
`GET …/orderbook` tells at any moment the book that a client which missed nothing must have.
"""
