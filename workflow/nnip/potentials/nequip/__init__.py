"""NequIP: its training and its potential."""
