"""`python -m cloud_sync.hub`. Must not: hold any work, see main."""

from __future__ import annotations

import sys

from cloud_sync.hub.main import main

if __name__ == "__main__":
    sys.exit(main())
