"""Configuration: strict models, their JSON and YAML, presets."""
