"""What was known about an account or a deal, and when."""
