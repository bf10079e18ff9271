"""Made-up sources in the official formats: to try, test and time wa-data without any corpus."""

from wa_data.demo.corpora import SOURCES
from wa_data.demo.mirror import SMALL_ROWS, write_sources

__all__ = ["SMALL_ROWS", "SOURCES", "write_sources"]
