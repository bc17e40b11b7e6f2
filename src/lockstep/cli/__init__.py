"""From argv to a configuration and one call; the only room that prints."""
