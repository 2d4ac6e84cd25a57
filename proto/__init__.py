"""What is said: the messages on the bus, the subjects they travel on and the table of channels.

Imports msgspec and nothing else, so that any program can read the contract without the rest of the project.
"""
