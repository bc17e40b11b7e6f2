"""The sections of report.txt after page one: one file each, found by its presence."""
