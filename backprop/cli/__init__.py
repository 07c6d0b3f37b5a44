"""The command line, a module a job."""
