"""Lets ``python -m eka.store_cli`` be ``eka-store``."""

from __future__ import annotations

from eka.store_cli.start import main

raise SystemExit(main())
