"""GECToR: tag each word with an edit instead of rewriting the sentence (the extra `tagger`).

Source: Omelianchuk et al. 2020, "GECToR - Grammatical Error Correction: Tag, Not Rewrite".
"""
