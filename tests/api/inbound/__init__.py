"""What others send by themselves."""
