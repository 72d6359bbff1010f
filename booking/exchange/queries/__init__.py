"""Reading conversations and documents. Nothing here writes."""
