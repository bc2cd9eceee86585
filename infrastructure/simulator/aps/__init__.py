"""The simulator in Amazon Payment Services' dialect, written from its documentation and apart from our connector."""
