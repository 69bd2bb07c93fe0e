"""Models whose code misbehaves, and what the audit makes of them."""
