"""Every disk that a crash may leave is tried (`states`), on hosts that have it (`grounds`)."""
