from django.db import models


class Limit(models.Model):
    """How much of a limit someone has used: see `colorizer.limits`. Neither whose it is nor what for can be read."""

    key = models.CharField(max_length=64, primary_key=True, editable=False)
    used_until = models.FloatField(editable=False, db_index=True, help_text="When it is all there again (seconds).")
