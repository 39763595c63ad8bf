"""Exit codes that all commands share."""

EXIT_OK = 0
EXIT_INCOMPLETE = 1
EXIT_USAGE = 2
