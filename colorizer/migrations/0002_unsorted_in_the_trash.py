from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("colorizer", "0001_first_release")]

    operations = [
        migrations.RemoveConstraint(model_name="album", name="one_unsorted_album_a_family"),
        migrations.AddConstraint(
            model_name="album",
            constraint=models.UniqueConstraint(
                fields=["family"],
                condition=models.Q(("deleted_at", None), ("is_unsorted", True)),
                name="one_unsorted_album_a_family",
            ),
        ),
    ]
