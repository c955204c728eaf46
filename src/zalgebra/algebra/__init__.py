"""Arrays to arrays, on the Array API, with no machine-learning framework."""
