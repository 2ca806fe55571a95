"""Time passes here: calendars over columns, the market, the treasury and the recorder."""
