"""What went back of top-ups, and what can be had back."""
