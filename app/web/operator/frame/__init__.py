"""The pages of operators: who sees them, where they are listed, how they are framed."""
