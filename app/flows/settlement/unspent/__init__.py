"""What people paid in and did not spend, on its way back to them."""
