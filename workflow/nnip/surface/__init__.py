"""The potential-energy surface of a trained model around the start of its MD: relaxation, stretched bonds, vibrations, scores of forces."""
