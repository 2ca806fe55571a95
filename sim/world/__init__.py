"""The city as columns: its households and institutions, drawn from its facts."""
