"""Owns the WebSocket session with the exchange and says on the bus what it hears there.

Connects and signs, subscribes to the wanted markets, checks the exchange's sequence numbers, repairs holes, and
publishes `book`, `ticker`, `trade`, `lifecycle`, `event`, once a second its heartbeat on `sys.gateway.{instance}`, and
on `quarantine.{reason}` what it did not understand. Answers `rpc.gateway.*`. While it is not connected, or in doubt,
the markets concerned are marked `stale`. Keeps no book. In the bucket `leader` it leaves a floor above its epochs; with
`GATEWAY_STANDBY=1` it publishes only while it holds the lease there, and otherwise waits for it. With
`GATEWAY_PRIVATE=1` it tells of its own account, too, on `private.*` alone, and reads that over REST after each break.
"""
