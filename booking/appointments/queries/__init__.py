"""Reading appointments: for pages, feeds and rules. Nothing here writes."""
