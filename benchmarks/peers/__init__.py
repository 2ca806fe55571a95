"""The common job as a good user of other simulation packages would write it."""
