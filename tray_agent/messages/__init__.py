"""Messages: who gets which text, when, once; outbox, sending, delivery status, credits."""
