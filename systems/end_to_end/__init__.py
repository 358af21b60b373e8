"""Systems made of systems, correct from the user to the books (chapter 12)."""
