"""How fast the program is, and how fast other simulation packages are on the same job."""
