"""The report: everything about some systems in one HTML file that works off line."""
