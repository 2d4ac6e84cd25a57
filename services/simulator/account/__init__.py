"""Messages of the account, which the operator injects."""
