"""How people's own programs ask and read, as the published clients of another product do."""
