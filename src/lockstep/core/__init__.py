"""The nouns every other room shares: pure data, no input or output, no clock."""
