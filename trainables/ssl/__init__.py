"""Pre-training of encoders: self-supervised (contrastive, clustering, distillation, pretext tasks) and supervised.

Losses, heads, momentum and queues are those of lightly and pytorch-metric-learning, which take seconds to import:
nothing outside this package and the contrastive stage imports them, and no fine-tuning trial does.
"""
