"""The commands of the command line: words to values, one call, a reply; each module registers its own."""
