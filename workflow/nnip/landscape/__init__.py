"""Loss landscapes: the loss around trained weights, along random directions in weight space."""
