"""Data of writing assistance."""
