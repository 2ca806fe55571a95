"""What a reader gets from a finished study: the headline table, the figures and the page."""
