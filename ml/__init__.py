"""Colouring photos: networks, training, evaluation and the way from file to file. Knows nothing of the site."""
