"""The doctor: what a demanding reader would question in a result, with the number and a remedy."""
