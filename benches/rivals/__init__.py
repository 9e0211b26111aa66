"""The same jobs in other libraries, each as a process of its own: `python -m benches.rivals.NAME`."""
