"""The systems of the book: reference forms, summary forms, and planted bugs."""
