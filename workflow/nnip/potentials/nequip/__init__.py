"""NequIP behind the seam: its training, its potential."""
