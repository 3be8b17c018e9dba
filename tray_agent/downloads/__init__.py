"""Downloads: the signed catalogue, subscriptions, transfer, hand-over to a person who installs."""
