"""What the four jobs of the SMS-Service do: prepare, check again, send, settle doubts, follow the delivery."""
