"""From names to bars: file formats, quality gate, the built-in sample, conversion rates."""
