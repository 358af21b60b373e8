"""Chapter 3: storage engines, each a folder, behind one server and one client.

`engine` says what an engine is; `server` and `client` put one on the network; `frames` and `files`
are what they have in common on disk.
"""
