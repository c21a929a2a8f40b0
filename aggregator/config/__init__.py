"""Configuration: feeds.yaml, settings files, environment and options; the only home of YAML and of pydantic."""
