"""The plate detector: its network, its training samples, its training and its export."""
