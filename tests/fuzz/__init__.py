"""Hostile input for every parser of the project: bounded in `make test`, long in `make fuzz`."""
