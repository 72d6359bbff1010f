"""Appointments as calendar objects (RFC 5545), without a patient's name."""
