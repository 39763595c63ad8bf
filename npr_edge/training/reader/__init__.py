"""Train the reader: data, augmentation, network, loss, loop."""
