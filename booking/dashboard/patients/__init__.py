"""A practice's patients: finding, merging, importing them, and what is exchanged with them."""
