"""The exchange's language, pure: frames, exact numbers, translation to the bus, and request signatures."""
