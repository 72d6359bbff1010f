"""The agenda and its visits: showing, booking, moving and cancelling them."""
