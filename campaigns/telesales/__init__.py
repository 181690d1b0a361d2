"""Telesales: scripts that agents follow, the answers they take down, sales with their verification, and quotas."""
