"""HTTP and WebSockets on one port, byte by byte."""
