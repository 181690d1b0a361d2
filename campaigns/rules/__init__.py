"""The rule engine: may this person be called now? Rules are data (TOML packs), judged by pure code."""
