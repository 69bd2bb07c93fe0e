"""All that knows torch: models are built, watched, executed, trained and timed here."""
