"""Closing time in which patients are booked, and hours that leave visits outside of them."""
