"""What is wrong with this instance, and how its jobs, connections and books are."""
