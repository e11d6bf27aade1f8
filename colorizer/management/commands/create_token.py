"""A token for a program, made where one has a shell on the server: nothing but the token is written to stdout."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...models import Family, Scope, User
from ...services import tokens


class Command(BaseCommand):
    help = "Make a token for a program and print it, once. It acts as the person whose address is given."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="Whose token it is.")
        parser.add_argument("--family", required=True, help="The family's name or id.")
        parser.add_argument(
            "--scope", required=True, nargs="+", action="extend", choices=Scope.values, help="What it may do."
        )
        parser.add_argument("--days", type=int, default=tokens.DAYS, help=f"It expires then, {tokens.DAYS} if unsaid.")
        parser.add_argument("--name", default="create_token", help="What it is for, shown on the family's page.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody signs in with {options['email']}.")
        family = _family(user, options["family"])
        if not 1 <= options["days"] <= tokens.MOST_DAYS:
            raise CommandError(f"A token lasts 1 to {tokens.MOST_DAYS} days.")
        if not 1 <= len(options["name"]) <= 60:
            raise CommandError("A token's name has 1 to 60 characters.")
        try:
            secret = tokens.create(
                family=family, user=user, name=options["name"], scopes=options["scope"], days=options["days"]
            )
        except tokens.NotGranted as error:
            own = tokens.grantable(family=family, user=user)
            may = ", ".join(scope for scope in Scope.values if scope in own)
            raise CommandError(f"{user.email} is a viewer of {family}: a token of theirs may only {may}.") from error
        except tokens.TooMany as error:
            raise CommandError(
                f"{user.email} has {tokens.MOST} tokens for {family} already. Revoke one on its page."
            ) from error
        self.stdout.write(secret)


def _family(user: User, said: str) -> Family:
    """The family of ``user`` that has this id or, where there is one alone, this name."""
    own = Family.objects.for_user(user)
    try:
        found = list(own.filter(pk=UUID(said)))
    except ValueError:
        found = list(own.filter(name=said))
    if not found:
        raise CommandError(f"{user.email} belongs to no family of this name or id: {said}.")
    if len(found) > 1:
        ids = ", ".join(str(family.pk) for family in found)
        raise CommandError(f"{user.email} belongs to several families of this name. Give one's id: {ids}.")
    return found[0]
