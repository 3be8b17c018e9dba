"""The demo: a practice, a portal, a gateway and a mail server on loopback, and the five jobs on them."""
