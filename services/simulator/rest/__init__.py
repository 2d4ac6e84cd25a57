"""What REST answers: the exchange's objects, lists and limits, made from the world."""
