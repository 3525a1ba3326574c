"""What the lake found, held against the truth. Nothing else reads the truth."""

from city.score.score import Score, score

__all__ = ["Score", "score"]
