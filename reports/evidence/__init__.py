"""What a verdict rests on, as pictures and tables: one module a shape of evidence."""
