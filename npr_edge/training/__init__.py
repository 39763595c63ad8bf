"""Training: data, synthesis, networks and export. Needs the extra ``train``; nothing of the product imports it."""
