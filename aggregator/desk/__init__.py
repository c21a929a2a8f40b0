"""From stored stories to people."""
