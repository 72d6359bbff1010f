"""Seal, reveal, keys and blind indexes. See docs/subsystems/vault.md."""
