"""From indicators to signals, never to orders; one file each, found by its presence."""
