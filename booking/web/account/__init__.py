"""Settings of one's own account: its address, its sessions, its data."""
