"""The REST side: routes of the exchange's API, and of the simulator's own."""
