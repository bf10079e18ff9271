"""What writing models change, invent and cost.

Not written yet: this release holds the name and the room.
"""
