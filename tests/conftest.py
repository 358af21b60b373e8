"""What all tests share: the profiles of the property-based ones, and pytest's own tester."""

from hypothesis import settings

pytest_plugins = ["pytester"]

# Simulations take their time and are slow now and then on a busy machine; that is no failure.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("default")
