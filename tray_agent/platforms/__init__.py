"""What differs between Windows and Linux, each behind a small interface."""
