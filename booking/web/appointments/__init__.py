"""One's own appointments, people, messages, documents and video visits."""
