"""The admin section: people and families. Photos, albums and shares are the family's own and have no page here."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group

from .log import AuditAdmin
from .people import FamilyAdmin, UserAdmin

__all__ = ["AuditAdmin", "FamilyAdmin", "UserAdmin"]

# Their pages would let staff claim another's address or hand out rights unseen.
admin.site.unregister([EmailAddress, Group])
