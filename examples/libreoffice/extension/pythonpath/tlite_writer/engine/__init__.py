"""A model, and one answer of it at a time, on a thread: no office."""
