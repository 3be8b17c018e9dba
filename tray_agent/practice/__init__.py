"""The practice's own data, read through a small contract of views; never written."""
