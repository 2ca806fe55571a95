"""The simulation in time: schedule and phases, state columns, market, payments, ledger and records."""
