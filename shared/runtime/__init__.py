"""The shell every service runs in: settings, log, bus, health, sockets; the only home of their libraries."""
