"""The house for programs: REST under /api/v1/, the same services and rights as the pages, one file a noun."""
