"""Prediction: benchmark rows in, the predictions contract out, row by row.

`rows` reads and checks, `request` says what is asked of the model, `engine` decodes (greedy,
copy-draft, sampling) over `ragged`, `beams` searches through transformers, `output` resumes and
finishes the file, `job` joins them.
"""
