"""From a RunResult to text and pictures; knows results, never engines."""
