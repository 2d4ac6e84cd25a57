"""The account's own fills, orders and positions: as the exchange says and lists them, and as the bus carries them."""
