"""Broadcast: what servers deliver, and in which order; `deliveries` reads it of a history, `orders`
judges it."""
