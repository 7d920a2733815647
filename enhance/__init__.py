"""Pictures and clips made larger, cleaner and smoother."""
