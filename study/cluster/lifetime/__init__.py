"""How long what a study starts lives: no longer than its driver, and the Ray of one machine as long as it can be."""
