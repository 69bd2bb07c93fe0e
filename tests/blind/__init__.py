"""A held-out examination: builds, truths and marks by an examiner who had not read the auditor."""
