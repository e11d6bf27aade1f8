"""What allauth says on our pages and in our mails, and in German with "du": our catalogue has it with "Sie".

Each stands here as allauth has it, since a translation is found by the very letters of its source.
"""

from django.utils.translation import gettext_noop as _

FROM_ALLAUTH = (
    _("You have signed out."),
    _("You have confirmed %(email)s."),
    _("You must type the same password each time."),
    _("Please type your current password."),
    _("Too many failed login attempts. Try again later."),
    _("Be patient, you are sending too many requests."),
    _("Please Confirm Your Email Address"),
    _(
        "You're receiving this email because you or someone else has requested a password reset "
        "for your user account.\n"
        "It can be safely ignored if you did not request a password reset. Click the link below to reset your password."
    ),
    _(
        "You are receiving this email because you or someone else tried to signup for an\n"
        "account using email address:\n\n"
        "%(email)s\n\n"
        "However, an account using that email address already exists.  In case you have\n"
        "forgotten about this, please use the password forgotten procedure to recover\n"
        "your account:\n\n"
        "%(password_reset_url)s"
    ),
)
