"""Several models under one request: side by side, made into one answer, or judged by another."""
