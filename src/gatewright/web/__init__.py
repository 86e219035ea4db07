"""The one HTTP kit that the faces share."""
