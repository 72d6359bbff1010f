"""Sessions of accounts: where they are, what binds them to a device, what slows guesses down."""
