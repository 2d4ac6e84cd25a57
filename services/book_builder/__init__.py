"""Holds every market's book and tells what others need of it.

Reads `book` and `sys.gateway`; says `top` on every change of the best two levels, conflated per loop turn, and `depth`,
the whole book, at most four times a second per market; answers `rpc.book.get`. A book that it lost track of is marked
stale at once and asked for at the gateway.
"""
