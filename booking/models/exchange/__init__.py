"""What patients and practices exchange: messages, documents, answers, and calls by video."""
