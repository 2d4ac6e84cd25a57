"""The shells: what starts processes, asks them and draws."""
