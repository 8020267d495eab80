"""What others send by themselves: the webhooks of rails."""
