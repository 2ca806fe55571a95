"""Instruments: one file, one class, found by being in the folder; arrays in, arrays out, no clock."""
