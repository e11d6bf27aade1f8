#!/usr/bin/env python
"""Heirloom's command line for the site."""

import os
import sys


def main() -> None:
    os.umask(0o077)  # what it writes may be a family's, whatever the rights of the folder that it lies in
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
