"""From TOML to a frozen scenario: the one room that reads files."""
