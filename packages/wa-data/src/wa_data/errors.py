"""What can go wrong in wa-data.

* WaDataError
  x UsageError               an option, a name or a combination that does not exist
  x ConfigError              a recipe, a source file or a task file that does not parse
  x SourceError
    + MissingSourceError     a file that no cache, mirror or URL gives
    + DigestError            a file that is not the one the registry names
    + FormatError            a file whose content is not in its official format (names file:row)
    + ArchiveError           an archive that is broken, too large or tries to escape
    + DownloadError          a server that refuses, breaks off or answers with a page
  x ShortfallError           a recipe that asks for more rows than its sources have
  x SetError                 a data-set folder that is absent, incomplete or of another kind
  x HubError                 a Hub that refuses a push or a set that is not there

Every message says what is wrong, where (file:row), what was expected, what came, and the next
command. The library raises; the command line prints the message on one line and exits with 2.
"""

from __future__ import annotations


class WaDataError(Exception):
    """Base of every error that wa-data raises on purpose."""


class UsageError(WaDataError):
    """An option, a name or a combination of options that does not exist."""


class ConfigError(WaDataError):
    """A recipe, sources or tasks file that does not parse or has an unknown key."""


class SourceError(WaDataError):
    """A source that cannot be used."""


class MissingSourceError(SourceError):
    """A file that neither the cache nor a mirror nor a URL gives."""


class DigestError(SourceError):
    """A file that is not the one that the registry names."""


class FormatError(SourceError):
    """A file whose content is not in its official format; the message names file:row."""


class ArchiveError(SourceError):
    """An archive that is broken, too large, or whose members would leave their folder."""


class DownloadError(SourceError):
    """A server that refuses, breaks off, or answers with a page instead of the file."""


class ShortfallError(WaDataError):
    """A recipe that asks for more rows than its sources have."""


class SetError(WaDataError):
    """A data-set folder that is absent, incomplete or of another kind."""


class HubError(WaDataError):
    """A Hub that refuses a push, or a published set that is not there or not whole."""
