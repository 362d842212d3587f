"""Drawn skin lesions: the embedded default data, so that everything runs on a machine that has no images."""
