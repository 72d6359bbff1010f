"""Pages of the development server alone: the mails that left, and the accounts to try."""
