"""The targets, by what they read. Importing this package registers all of them."""

from tests.fuzz.targets import addresses, api, files, machines, people, record, requests, tokens

__all__ = ["addresses", "api", "files", "machines", "people", "record", "requests", "tokens"]
