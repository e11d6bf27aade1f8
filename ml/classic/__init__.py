"""Ways of colouring that were never trained: they take all colour from what a person gives beside the photo."""
