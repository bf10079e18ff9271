"""Lean PEFT fine-tuner and predictor for writing assistance.

Not written yet: this release holds the name and the room.
"""
