"""Documents and windows, by UNO."""
