"""The rules a user can set: parameters, checks and sentences; arithmetic is in the ledger."""
