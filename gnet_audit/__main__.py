"""`python -m gnet_audit`: the same as the `gnet-audit` command."""

import sys

from gnet_audit.cli import main

sys.exit(main())
