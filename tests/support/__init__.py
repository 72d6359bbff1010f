"""What several test modules need beside what the factories make: no test module imports another."""
