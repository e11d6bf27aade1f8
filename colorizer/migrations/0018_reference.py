import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('colorizer', '0017_other_guess'),
    ]

    operations = [
        migrations.AddField(
            model_name='coloring',
            name='reference',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='Whose colours were taken over. It may be gone by now: it stays true that they were.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='colorizer.photo'),
        ),
        migrations.AddField(
            model_name='photo',
            name='signature',
            field=models.BinaryField(help_text='What it looks like as a whole, as `ml.similarity` has it, once known.', null=True),
        ),
    ]
