"""What is asked, what of an answer is text, and what is said: no model, no office."""
