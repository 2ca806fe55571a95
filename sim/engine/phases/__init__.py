"""The phases of a day, a module each: functions of a running city and a day; `engine.schedule` says when."""
