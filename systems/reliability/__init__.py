"""Chapter 1: services that go on working although what they call fails."""
