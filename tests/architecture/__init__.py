"""The house rules that a linter cannot hold: what loads when, how big a file grows, who may import whom."""
