"""Code that more than one service uses: markets (pure), Kalshi's language (pure) and the runtime (shell)."""
