"""The arithmetic of the account and of every rule: scalars in, scalars out."""
