"""The demo: generated people on real places, specialties, holidays and formats."""

SEED = 20200721
