"""What a developer has earned in shared mode: pending, available, paid, and what becomes available when."""
