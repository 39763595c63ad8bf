"""Read the text of a located plate: rectify, run the network, decode its slots."""
