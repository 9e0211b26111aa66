"""Benches: one file a room, each a ratio to a named rival run beside it on the same data, output checked first."""
