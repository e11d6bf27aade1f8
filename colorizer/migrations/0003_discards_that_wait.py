import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("colorizer", "0002_unsorted_in_the_trash")]

    operations = [
        migrations.AddField(
            model_name="discard",
            name="failures",
            field=models.PositiveIntegerField(
                default=0, editable=False, help_text="How often its storage has kept it."
            ),
        ),
        migrations.AddField(
            model_name="discard",
            name="noted_at",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
    ]
