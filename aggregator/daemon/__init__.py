"""The daemon: a scheduler's tick, signals, the lock on the database, and what it tells systemd and Prometheus."""
