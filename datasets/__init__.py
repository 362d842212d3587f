"""Images, labels and honest splits: manifests of five public sources (and your own), splits, audit, decoded cache."""
