"""The search engine: every cell tuned by its own sampler, scheduler and budget, all of them in one Ray Tune run."""
