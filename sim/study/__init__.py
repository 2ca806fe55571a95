"""Many jobs: planned, run over workers, stored one by one, compared with intervals."""
