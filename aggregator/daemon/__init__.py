"""The daemon: scheduler, signals, the lock on the database, and reports to systemd and Prometheus."""
