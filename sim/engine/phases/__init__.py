"""Phases of a day, a module each: functions of a running city and a day, in the order of `engine.schedule`."""
