"""What went wrong, in words a grandmother understands: for each code a sentence, and what to do.

A sentence may use what a refusal knows: ``%(name)s`` and the like, see `say`.
"""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _


class Words(NamedTuple):
    sentence: str | Promise
    advice: str | Promise


UPLOAD_AGAIN = _("Please upload it once more.")
SCAN_AGAIN = _("If you have the scan elsewhere, upload that copy, or scan the photo once more.")
TRY_AGAIN = _("Nothing is lost. Press “Try again”.")
UPLOAD_WEIGHTS_AGAIN = _("Copy weights and card once more from where they came from, and upload them again.")
NOTHING_CHANGED = _("Nothing was changed.")

WORDS: Mapping[str, Words] = {
    # Refusals of an upload and of its preparing.
    "missing": Words(_("No file arrived."), _("Choose one or more photos and upload them.")),
    "cut_off": Words(_("The upload broke off."), UPLOAD_AGAIN),
    "extension": Words(
        _("We do not know this kind of file."), _("Save it as JPEG, PNG, WebP, HEIC or TIFF and upload that.")
    ),
    "not_a_photo": Words(
        _("There is no photo in this file."),
        _("Upload a JPEG, PNG, WebP, HEIC or TIFF. A scanner can make any of these."),
    ),
    "pdf": Words(_("This file is a PDF."), _("Export its pages as images and upload those.")),
    "svg": Words(_("This file is a drawing (SVG), not a photo."), _("Upload the scan itself, as JPEG, PNG or TIFF.")),
    "raw": Words(
        _("This is a camera's raw file."), _("Export it as JPEG or TIFF in your photo program and upload that.")
    ),
    "video": Words(
        _("This file is a video."), _("Heirloom colours single photos. Save a frame of it as an image and upload that.")
    ),
    "archive": Words(
        _("This file is an archive (ZIP or the like)."),
        _("Unpack it and upload the photos in it, all at once if you like."),
    ),
    "unsupported": Words(_("We cannot read this kind of picture."), _("Save it as JPEG, PNG or TIFF and upload that.")),
    "empty": Words(
        _("This file is empty: zero bytes."), _("Copy it once more from where it came from, then upload it.")
    ),
    "truncated": Words(_("The end of this photo is missing."), SCAN_AGAIN),
    "unreadable": Words(_("This file is damaged and cannot be read."), SCAN_AGAIN),
    "wrong_name": Words(
        _("The name ends in %(ending)s, but inside it is a %(format)s."),
        _("Rename it so that it ends in %(right_ending)s and upload it again."),
    ),
    "too_many_bytes": Words(
        _("This file is larger than %(limit)s megabytes."), _("Save it as a JPEG of high quality and upload that.")
    ),
    "too_many_pixels": Words(
        _("This photo has more than %(limit)s million pixels."),
        _("Scan it at a lower resolution (600 dpi is plenty) or scale it down, and upload that."),
    ),
    "family_full": Words(
        _("There is no room for this photo: your family has %(left)s left of %(limit)s."),
        _("Delete photos for ever in the trash, or ask whoever looks after this site for more room."),
    ),
    "too_many_today": Words(
        _("Your family has added %(limit)s photos today, as many as this site takes in a day."),
        _("Add the rest tomorrow."),
    ),
    "too_many_pages": Words(
        _("This file has more than %(limit)s pages."), _("Split it into several files and upload those.")
    ),
    # What can befall a job.
    "crashed": Words(_("Colouring this photo broke off three times."), TRY_AGAIN),
    "no_memory": Words(
        _("This photo is too large for this machine's memory."), _("Upload a smaller scan, or try again later.")
    ),
    "timed_out": Words(_("This photo took too long."), _("Try again later, when the machine has less to do.")),
    "storage": Words(_("The photo's file could not be read or written."), TRY_AGAIN),
    "internal": Words(_("Something went wrong on our side."), TRY_AGAIN),
    # What can keep a training from beginning, or befall it.
    "no_photos": Words(
        _("There is no photo to learn from."),
        _("Accept photos in the dataset, freeze a new version, and train on that."),
    ),
    "one_photo": Words(
        _("There is but one photo to learn from, and none to check what was learned."),
        _("Accept more photos in the dataset, freeze a new version, and train on that."),
    ),
    "all_grey": Words(
        _("The photos are grey, or nearly so: no colours can be learned from them."),
        _("Add colourful photos to the dataset, freeze a new version, and train on that."),
    ),
    "photos_gone": Words(
        _("%(n)s photos of this version were withdrawn or deleted since it was frozen."),
        _("Freeze a new version, and train on that."),
    ),
    "for_judging": Words(
        _("This dataset is a benchmark: what models are judged on must not teach them."),
        _("Choose a dataset for training."),
    ),
    "no_teacher": Words(
        _("No worker is there that can teach the network “%(network)s”."),
        _("Start a worker that takes the queue “train”, and try again."),
    ),
    "no_encoder": Words(
        _("The encoder that this network starts from is not there."),
        _("Fetch it on the worker's machine with “python -m ml fetch”, or start from the live model."),
    ),
    "other_network": Words(
        _("The live model is no “%(network)s”: this network cannot start from it."),
        _("Start from the encoder, or choose the live model's network."),
    ),
    "no_end": Words(_("Nothing says when this training ends."), _("Give it a number of minutes or of epochs.")),
    "bad_settings": Words(
        _("The network cannot be taught with these settings."), _("Start a new training with other settings.")
    ),
    "bad_weights": Words(
        _("The weights to start from are damaged or of another network."),
        _("Start from the encoder, or another model."),
    ),
    "loss_lost": Words(
        _("The training went astray: its loss is no number any more."),
        _("Start it again with a lower learning rate."),
    ),
    # Weights that are brought along, and models that a worker does not take into use.
    "weights_missing": Words(_("No weights arrived."), _("Choose the .safetensors file and its card.")),
    "card_missing": Words(
        _("No card arrived."), _("Choose the .json file that was written beside the weights, too: none goes without.")
    ),
    "weights_empty": Words(
        _("The weights file is empty: zero bytes."), _("Copy it once more from where it came from.")
    ),
    "weights_pickle": Words(
        _("This is a file of PyTorch's own (a pickle), which can run code when it is opened. It was not opened."),
        _("Write the weights as safetensors, with “python -m ml export”, and upload those."),
    ),
    "weights_cut_off": Words(
        _("The end of the weights file is missing."), _("Copy it once more from where it came from.")
    ),
    "weights_unknown": Words(_("This is no safetensors file."), _("Upload what “python -m ml export” writes.")),
    "weights_here": Words(_("These weights are here already."), _("Look for them among the models below.")),
    "card_unknown": Words(
        _("This is no card of a model."), _("Choose the .json file that was written beside the weights.")
    ),
    "card_of_others": Words(
        _("The card is of other weights: their checksums differ."),
        _("Choose the card and the weights that were written together."),
    ),
    "model_other_file": Words(_("The weights are not the file that their card describes."), UPLOAD_WEIGHTS_AGAIN),
    "model_damaged": Words(_("The weights file is damaged."), UPLOAD_WEIGHTS_AGAIN),
    "model_no_numbers": Words(
        _("Some of the weights, or the colours that they give, are no numbers."),
        _("Such a training went astray: take an earlier state of it, or train again."),
    ),
    "model_no_network": Words(
        _("The card names a network that this version of Heirloom does not know."),
        _("Update Heirloom, or train one of its own networks."),
    ),
    "model_unfit": Words(
        _("These are the weights of another network than their card says."),
        _("Choose the card and the weights that were written together."),
    ),
    "model_card": Words(
        _("The card lacks something, or says what cannot be."),
        _("Choose the .json file that was written beside the weights."),
    ),
    "model_lightness": Words(
        _("It changes how light the sample photos are. A model may only give colour."), NOTHING_CHANGED
    ),
    "model_dull": Words(
        _("The sample photos come out less than half as colourful as by the model at work."), NOTHING_CHANGED
    ),
    "model_loud": Words(
        _("The sample photos come out more than twice as colourful as by the model at work."), NOTHING_CHANGED
    ),
    "model_missing": Words(_("Its weights are not in the storage."), _("The worker looks again every few seconds.")),
    "model_broke_off": Words(
        _("It could not be loaded."), _("The worker tries again every few seconds; its log says more.")
    ),
    "benchmark_unfit": Words(
        _("These photos cannot be judged on: none of them can be read, or none has any colour."),
        _("Freeze a benchmark of colourful photos, and compare on that."),
    ),
    # What can keep a model from being put into service.
    "cannot_judge": Words(
        _("Heirloom cannot judge this model: there is no frozen benchmark of at least 50 photos."),
        _("Freeze one, or put the model into service with a written reason."),
    ),
    "is_live": Words(_("This model is in service already."), NOTHING_CHANGED),
    "changed": Words(
        _("Someone else has just put another model into service."), _("Look at the page again before you decide.")
    ),
    "nothing_before": Words(_("There is no earlier model to go back to."), NOTHING_CHANGED),
    "needs_reason": Words(
        _("The gate does not let this model pass, so a written reason is needed."),
        _("Say in a sentence why it should go into service all the same."),
    ),
    # What can keep a correction from being saved.
    "not_ready": Words(
        _("This photo is not ready to be coloured."), _("Wait until it has been read, or answer what it asks first.")
    ),
    "coloring_open": Words(
        _("This photo is being coloured at the moment."), _("Wait until that is done, or stop it, and save then.")
    ),
    "asked_unfit": Words(
        _("Something about these colours cannot be understood, and nothing was changed."),
        _("Reload the page and try once more."),
    ),
    "too_many_colours": Words(_("%(limit)s colours are kept already."), _("Delete some that are no longer needed.")),
    "colour_name_taken": Words(
        _("There is a colour of this name already."), _("Choose another name, or change that one.")
    ),
    # What can keep a version from being deleted.
    "version_shown": Words(_("This is the version that the family sees."), _("Show another one first.")),
    "version_needed": Words(
        _("This version, or another from it, is being coloured at the moment."), _("Wait until that is done.")
    ),
    # What can keep another photo's colours out.
    "reference_gone": Words(
        _("The photo whose colours you wanted is gone."), _("Choose another one, or take it out of the trash.")
    ),
    "reference_grey": Words(
        _("The photo whose colours you wanted has no colours yet."), _("Choose one that is in colour.")
    ),
    "reference_unfit": Words(
        _("That photo fits this one too little: with its colours this one would come out worse than without."),
        _("Nothing was changed. Choose a photo that shows the same things, in similar light."),
    ),
    # Someone in a hurry.
    "too_many_tries": Words(
        _("That was tried too often in a short time."), _("Please wait %(wait)s, then try once more.")
    ),
    # What can befall the whole site.
    "away": Words(
        _("Heirloom cannot reach its photos at the moment."), _("They are safe. Please try again in a minute.")
    ),
    "no_room": Words(
        _("There is no room left for photos on this machine."),
        _("Ask whoever looks after Heirloom to make room, and upload this photo again then."),
    ),
    # An upload that is here already.
    "already_here": Words(_("This photo is already in “%(album)s”."), _("There is no need to upload it again.")),
    "in_trash": Words(_("This photo is in the trash."), _("Restore it there instead of uploading it again.")),
}

PASSING = frozenset({"crashed", "no_memory", "timed_out", "storage", "internal"})
"""The codes of trouble that may be over when one tries again."""


def say(code: str, **details: object) -> tuple[str, str]:
    """The sentence for ``code`` and what to do, in the reader's language; those of "internal" for a code unknown here.

    ``details`` fill in the sentence's own ``%(name)s``; where one is missing, as in a job's bare code, a general
    sentence stands in.
    """
    sentence, advice = WORDS.get(code, WORDS["internal"])
    try:
        return str(sentence) % details, str(advice) % details
    except KeyError:
        sentence, advice = GENERAL[code]
        return str(sentence), str(advice)


GENERAL: Mapping[str, Words] = {
    "wrong_name": Words(
        _("The name's ending does not fit what is in the file."),
        _("Save it under the right ending and upload it again."),
    ),
    "too_many_bytes": Words(_("This file is too large."), WORDS["too_many_bytes"].advice),
    "too_many_pixels": Words(_("This photo has too many pixels."), WORDS["too_many_pixels"].advice),
    "family_full": Words(_("There is no room left for this photo."), WORDS["family_full"].advice),
    "too_many_today": Words(_("Your family has added many photos today."), WORDS["too_many_today"].advice),
    "too_many_pages": Words(_("This file has too many pages."), WORDS["too_many_pages"].advice),
    "too_many_tries": Words(WORDS["too_many_tries"].sentence, _("Please wait a few minutes, then try once more.")),
    "photos_gone": Words(_("Photos of this version were withdrawn or deleted."), WORDS["photos_gone"].advice),
    "no_teacher": Words(_("No worker is there that can teach this network."), WORDS["no_teacher"].advice),
    "other_network": Words(_("The live model is another network."), WORDS["other_network"].advice),
    "too_many_colours": Words(_("Too many colours are kept already."), WORDS["too_many_colours"].advice),
    "already_here": Words(_("This photo is already here."), WORDS["already_here"].advice),
}


class Refusal(Exception):
    """Something cannot be done as it was asked for, and nothing was changed. ``code`` has words here."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code, self._details = code, details

    @property
    def message(self) -> str:
        """What is in the way and what to do, in the reader's language."""
        return " ".join(say(self.code, **self._details))


def amount(size: int) -> str:
    """So many bytes as people say it, never more than it is: "4.2 GB", "310 MB"."""
    if size >= 1_000_000_000:
        return gettext("%(n)s GB") % {"n": number_format(size // 100_000_000 / 10, 1)}
    return gettext("%(n)s MB") % {"n": size // 1_000_000}


def roughly(seconds: float) -> str:
    """A time as people say it: "about 20 seconds"."""
    if seconds < 8:
        return gettext("a few seconds")
    if seconds < 55:
        tens = max(10, round(seconds / 10) * 10)
        return ngettext("about %(n)d second", "about %(n)d seconds", tens) % {"n": tens}
    if seconds < 55 * 60:
        minutes = max(1, round(seconds / 60))
        return ngettext("about a minute", "about %(n)d minutes", minutes) % {"n": minutes}
    hours = max(1, round(seconds / 3600))
    return ngettext("about an hour", "about %(n)d hours", hours) % {"n": hours}
