"""Which product a picture shows: enrolment from a picture or two, open-set answers, a second opinion.

Must not: watch a slot (vision.slots), or decide what is sold; a name is evidence, the core decides.
"""
