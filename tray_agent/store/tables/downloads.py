"""The tables of downloads: subscriptions and downloaded files."""
