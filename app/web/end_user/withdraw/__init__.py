"""What a person paid in as USDC and did not spend, on its way back to them."""
