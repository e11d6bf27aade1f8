"""The workshop: where those who run Heirloom teach it. One part a file, each with its own list of addresses."""
