"""Lines and headsets: what the dialer talks through. Knows calls and audio, never leads or agents."""
