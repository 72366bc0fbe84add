"""Reports: what the archive is and how it fares, for people and for other programs."""
