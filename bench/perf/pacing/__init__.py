"""The pacing bench: one seeded world, the pacer, the baselines in hindsight, and the exact optimum."""
