"""Anything to something that a person sees or presses: workspace, figures, report, command line."""
