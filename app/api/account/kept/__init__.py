"""What is kept of an account's texts: conversations, what requests said, whether anything is kept."""
