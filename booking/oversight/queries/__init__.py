"""The record as patients and practices read it. Nothing here writes."""
