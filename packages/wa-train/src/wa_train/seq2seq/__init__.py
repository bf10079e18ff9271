"""Sequence to sequence: an encoder reads the source, a decoder writes the target (T5, BART)."""
