"""Forms of patients' pages alone."""
