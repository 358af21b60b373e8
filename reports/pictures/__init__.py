"""Pictures of a run beside its messages: those that any run has, and those of its system."""
