"""What sources are called in front of people, and why the programme may use each; plain words where an id is new."""

from __future__ import annotations

SOURCES = {
    "schools": "School list",
    "gazetteer": "Address gazetteer",
    "delivery_note": "Delivery note",
    "school_census_tables": "School census tables",
    "school_census": "School census",
    "attendance_extract": "Attendance extract",
    "session_marks": "Session marks",
    "exclusions": "Exclusions and suspensions",
    "common_transfer_file": "Common Transfer File",
    "council_tax": "Council tax",
    "electoral_register": "Electoral register",
    "dwp": "DWP benefit match",
    "dwp_match": "DWP benefit match",
    "dwp_nomatch": "DWP benefit match, nobody found",
    "employment": "Steps to work",
    "youth_justice": "Youth justice",
    "asb": "Anti-social behaviour",
    "probation": "Probation and prison",
    "police_domestic": "Police domestic abuse incidents",
    "social_care": "Children's social care",
    "early_help": "Early help",
    "looked_after": "Looked-after children",
    "education_status": "Education status",
    "destinations": "Post-16 destinations",
    "housing": "Housing tenancies and arrears",
    "health_services": "Health service flags",
    "nominations": "Professionals' nominations",
    "pupils": "Pupils (local layout)",
    "adults": "Adults (local layout)",
}

_DISORDER = "Crime and Disorder Act 1998 s.115 allows, and does not oblige, the authorities it names to share"
_DWP = (
    "Only to find households for the programme, to advise and support them, and to monitor and evaluate it: Welfare "
    "Reform Act 2012 s.131 and SI 2012/1483 reg. 5(1)(d); telling it on without authority is an offence (s.132)."
)
_ABSENCE = "for the authority's duties under Education Act 1996 ss.437 and 444."
_CENSUS = (
    "To see attendance and exclusion of pupils on roll, and where they live: individual pupil information under "
    "Education Act 1996 s.537A."
)

PURPOSES = {
    "schools": "To name schools; it holds nobody's data.",
    "gazetteer": "To know one address from another; it names nobody.",
    "delivery_note": "To know what each feed covers, so that silence is not read as no; it names nobody.",
    "school_census_tables": _CENSUS,
    "school_census": _CENSUS,
    "attendance_extract": f"To see absence between two censuses, {_ABSENCE}",
    "session_marks": f"To see absence as it happens, {_ABSENCE}",
    "exclusions": "To see exclusions, of which schools tell the authority under Education Act 2002 s.51A and SI "
    "2012/1033.",
    "common_transfer_file": "To know a pupil's parents and carers; files that schools send under the Education (Pupil "
    "Information) (England) Regulations 2005, SI 2005/1437.",
    "council_tax": "To see which adults answer for a home; held under Local Government Finance Act 1992, so another "
    "use needs a lawful basis of its own, stated in the authority's privacy notice.",
    "electoral_register": "Only to confirm which adults live at an address; the full register is restricted by the "
    "Representation of the People (England and Wales) Regulations 2001, SI 2001/341 reg. 107, to a council's functions "
    "in security, law enforcement and crime prevention, and to statistics.",
    "dwp": _DWP,
    "dwp_match": _DWP,
    "dwp_nomatch": _DWP,
    "employment": "To show that an adult helped by the programme started and kept work; the authority's own record, "
    "and what DWP told it within it stays under Welfare Reform Act 2012 s.131 and SI 2012/1483 reg. 5(1)(d).",
    "youth_justice": "To see proven offences of children, which the youth offending team holds under Crime and "
    "Disorder Act 1998 ss.37 to 39.",
    "asb": f"To see anti-social behaviour laid to a person and what was done about it; {_DISORDER} for preventing it.",
    "probation": f"To see parents serving or about to leave a sentence; {_DISORDER} with the council, probation among "
    "them.",
    "police_domestic": f"To see who suffered or caused domestic abuse, and the children by it; {_DISORDER} with the "
    "council, the police among them.",
    "social_care": "To see children in need and at risk: Children Act 1989 ss.17 and 47, and co-operation under "
    "Children Act 2004 s.10.",
    "early_help": "To see families already helped early, and not to help twice: co-operation under Children Act 2004 "
    "s.10.",
    "looked_after": "To see children in the authority's care, and those come home from it: Children Act 1989 ss.20, "
    "22 and 31, and returns under s.83.",
    "education_status": "To see children with no school, at home or in alternative provision: Education Act 1996 "
    "ss.19, 436A and 437.",
    "destinations": "To see young people out of education, employment and training, whom the authority must find and "
    "support under Education and Skills Act 2008 ss.12 and 68.",
    "housing": "To see families at risk of losing their home, or without one: Housing Act 1996 Part 7, and the "
    "landlord's own tenancies.",
    "health_services": "Only who is with a service and from when to when, to see a family's health needs; it is held "
    "in confidence, so it needs the patient's consent or another ground in law, and a condition for health data.",
    "nominations": "To bring in families whose need professionals see and no file shows: co-operation under Children "
    "Act 2004 s.10; the need only, not the story.",
    "pupils": "As the authority states for the file when it maps it: pupils, where no standard return is to be had.",
    "adults": "As the authority states for the file when it maps it: adults, where no standard list is to be had.",
}


def source_label(source: str) -> str:
    """A source in words people use."""
    return SOURCES.get(source, source.replace("_", " ").capitalize())


def source_purpose(source: str) -> str:
    """Why the programme may use a source, in one sentence; blank where none is stated."""
    return PURPOSES.get(source, "")
