"""The vendor's tool: builds, signs and renews the portal that practices download from."""
