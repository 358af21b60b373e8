"""What real processes send each other: links and switches between them, and how these are cut."""
