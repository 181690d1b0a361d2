"""Reports of a bench: a page to look at, and JUnit XML for machines."""
