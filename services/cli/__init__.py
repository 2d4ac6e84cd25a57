"""The operator's hand: starts everything on this machine, shows a book in the terminal, prints the simulator's key.

Owns nothing and says nothing on the bus. `up` runs nats-server and the services as processes of its own and ends them
all when one of them fails; `watch` follows one market as any other consumer does.
"""
