"""Every rate of the made-up authority, each with where it comes from. Nothing here is a programme rule."""

from __future__ import annotations

# Households: ONS, Families and households in the UK 2012-2014; England's shares where Essex's are unknown.
FAMILY_TYPES = {
    "couple": 0.715,
    "lone_mother": 0.165,
    "lone_father": 0.018,
    "step_father": 0.065,
    "step_mother": 0.012,
    "grandparents": 0.012,
    "foster": 0.009,
    "residential": 0.004,
}
# How much more (log odds) of each type where a family's troubles are one standard deviation worse.
TYPE_SHIFT = {"lone_mother": 0.45, "lone_father": 0.3, "step_father": 0.25, "step_mother": 0.2, "grandparents": 0.4}
OFFSPRING = (0.27, 0.44, 0.19, 0.07, 0.03)  # 1, 2, 3... children ever born, so that 45/41/14 are dependent at a time
TWIN_BIRTHS = 0.015
TWO_HOMES = 0.031  # of children
MOVED_A_YEAR = 0.075  # of families
MOVED_EARLIER = 0.3  # of the others, in the seven years before
PARENT_LEFT = 0.12  # of separated parents: left within the window of the simulation
OTHER_PARENT_IN_AUTHORITY = 0.7
OTHER_PARENT_HAS_PARTNER = 0.35
LODGERS = 0.015  # of families
CHILDLESS_HOMES_A_PUPIL = 1.9
IN_SHARED_HOUSES = 0.012  # of families, and of childless homes
IN_HOSTEL = 0.004  # of families
STILL_AT_HOME = ((18, 0.75), (19, 0.6), (20, 0.5), (22, 0.35), (25, 0.2))  # share of grown-up children, from that age
SIXTH_FORM = 0.35  # of 16 and 17 year olds in a school's sixth form
VACANT_HOMES = 0.03

# School careers
SPECIAL_SCHOOL = 0.011  # 2,209 of 196,575 pupils, Essex 2012/13
TRANSFER_A_YEAR = 0.015
TRANSFER_ON_MOVE = 0.55
PERMANENT_A_YEAR = 0.0004  # Essex 0.04% in 2011/12 and 0.02% in 2012/13, England 0.06%
IN_PRU_FROM_BEFORE = 0.0009
PRU_FOR_OTHER_REASONS = 0.0006
DUAL_REGISTERED = 0.0015
MISSING_EDUCATION = 0.0012
MISSING_EDUCATION_ENDED = 0.0008
EDUCATED_AT_HOME = 0.003
PRIMARY_SIZE, SECONDARY_SIZE = 235, 1060
CENSUS_ONLY = 0.10  # of pupils: at schools without a feed of session marks and exclusions
XML_OF_CENSUS_ONLY = 0.3  # of those schools send School Census XML

# Fixed period exclusions, DfE SFR 2012/13, Essex: share of pupils with one or more
EXCLUDED_PUPILS = {"primary": 0.0042, "secondary": 0.0351, "special": 0.0489, "pru": 0.15}
EXCLUSION_RATES = {"primary": 0.0081, "secondary": 0.0636, "special": 0.1263}
EXCLUSION_REASONS = {  # England 2015/16 and 2016/17
    "DB": 0.285, "OT": 0.197, "PP": 0.169, "VA": 0.156, "PA": 0.07, "VP": 0.04, "DA": 0.024, "DM": 0.02, "RA": 0.012,
    "BU": 0.011, "TH": 0.011, "SM": 0.006,
}  # fmt: skip

# Codes within authorised and unauthorised absence, DfE 2012/13 by phase (Essex and England): shares of sessions
AUTHORISED_CODES = {
    "primary": {"I": 0.745, "M": 0.055, "H": 0.115, "C": 0.060, "R": 0.004, "T": 0.005, "S": 0.0},
    "secondary": {"I": 0.765, "M": 0.075, "H": 0.040, "C": 0.085, "R": 0.003, "T": 0.002, "S": 0.022},
    "special": {"I": 0.600, "M": 0.150, "H": 0.080, "C": 0.160, "R": 0.003, "T": 0.002, "S": 0.004},
}
UNAUTHORISED_CODES = {
    "primary": {"G": 0.36, "U": 0.055, "O": 0.49, "N": 0.095},
    "secondary": {"G": 0.16, "U": 0.035, "O": 0.69, "N": 0.115},
    "special": {"G": 0.04, "U": 0.04, "O": 0.88, "N": 0.03},
}
TERM_WEIGHT_UNAUTHORISED = (0.92, 0.97, 1.09)  # autumn 1.2, spring 1.3, summer 1.7% in 2012/13 secondaries
TERM_WEIGHT_AUTHORISED = (1.02, 1.12, 0.88)
PRU_ABSENCE = (0.19, 0.15)  # authorised and unauthorised, England 2016/17

# Troubles
OFFENDERS_A_YEAR = (
    0.011  # of those aged 10 to 17: YJB 2012/13, with a small county's offenders known to its own service
)
NOT_PROVEN = 0.12  # of outcomes
ASB_FAMILIES = 0.006
ASB_OTHERS = 0.001  # of childless adults
ARREARS_NOTICES = 0.008  # of families; a trap beside those for anti-social behaviour
OUT_OF_WORK_FAMILIES = 0.145  # ONS, Working and workless households 2013: children in workless households 13.6%
OUT_OF_WORK_ADULTS = 0.075  # of childless adults under 65
BENEFITS = {"JSA": 0.30, "ESA": 0.27, "IS": 0.25, "IB": 0.07, "SDA": 0.02, "CA": 0.09}
IN_NEED = 0.034  # of children: DfE 2013, 332 per 10,000
ON_PLAN = 0.0045
LOOKED_AFTER = 0.3  # of foster children; all in residential care
EARLY_HELP = 0.02
ENQUIRIES = 0.01

# What later programmes ask. Figures marked (recalled) were not looked up again; "assumed" where none is published.
SOCIAL_RENT = 0.176  # of households: 2011 census, England and Wales
JOINT_TENANTS = 0.6  # of tenancies with two adults; assumed
IN_ARREARS = 0.15  # of social tenancies; assumed
ARREARS_CLEARED = 0.1  # of the others, within two years; assumed
AT_RISK_OF_EVICTION = 0.012  # of social tenancies; assumed
OVERCROWDED = 0.02  # of social tenancies, where the landlord has it on record; assumed
HOMELESS_FAMILIES = (
    0.006  # in two years: 2.4 of 1,000 households accepted in 2012/13, two in three with children (recalled)
)
PUT_OUT_AT_16 = 0.006  # of those of 16 and 17; assumed
SENTENCED = 0.0065  # of adults: some 0.5% on the probation caseload and 0.2% in prison, MoJ 2013 (recalled)
ABUSE_FAMILIES = (
    0.05  # with an incident in two years: 838,026 incidents in 23 million households, 2012/13, many repeated
)
ABUSE_COUPLES = 0.012  # of couples without children; assumed
ABUSE_VICTIM_WOMAN = 0.82  # assumed
ABUSE_RISKS = {"Standard": 0.6, "Medium": 0.28, "High": 0.12}  # assumed
HEARD_BY_MARAC = 0.6  # of incidents of high risk; assumed
CHILDREN_NOTIFIED = 0.75  # of incidents in families; assumed
MENTAL_HEALTH_ADULTS = 0.036  # 1.6 million in contact with services, England 2012/13 (recalled)
MENTAL_HEALTH_CHILDREN = 0.02  # assumed
DRUG_TREATMENT = 0.005  # of adults: 193,575 in England, 2012/13 (recalled)
ALCOHOL_TREATMENT = 0.003  # of adults: 109,683 in England, 2012/13 (recalled)
LEARNING_DISABILITY = 0.0045  # of adults on general practice registers, 2012/13 (recalled)
PHYSICAL_HEALTH = 0.02  # of adults, with community services; assumed
SLOW_TO_DEVELOP = 0.015  # of children under five; assumed
MATERNITY_SHARED = 0.6  # of births within two years; assumed
PERINATAL = 0.05  # of mothers with a child under two; assumed
EXPECTANT = 0.02  # of women of 18 to 40 with children; assumed
NEET = 0.053  # of 16 to 18: local authority figures for England, end of 2013 (recalled)
NOT_KNOWN = 0.07  # of 16 to 18; assumed
NO_OFFER = 0.03  # of year 11; assumed
FURTHER_EARLY_HELP = 0.02  # of children, helped by others than social care; assumed
SHORT_BREAKS = 0.0008  # of children; assumed
NOMINATED_FAMILIES = 0.03  # assumed
STEPS_TO_WORK = 0.012  # of working-age carers and grown-up children in a year; assumed
ON_WORK_PROGRAMME = 0.12  # of those on JSA; assumed
INCIDENT_FAMILIES = 0.015  # with anti-social behaviour laid to a member in two years; assumed
INCIDENT_OTHERS = 0.002  # of other adults; assumed
REGISTERED = 0.86  # of those entitled to vote: Electoral Commission on the registers of 2014
FOREIGN_ELECTORS = 0.03  # with a marker; assumed

# Mistakes per record and source: decisions.md, "The made-up authority"
MISTAKES = {
    "forename_form": 0.05,
    "name_typing": 0.04,
    "other_surname": 0.04,
    "name_order": 0.01,
    "birth_digits": 0.015,
    "birth_placeholder": 0.005,
    "birth_missing": 0.03,
    "old_address": 0.06,
    "address_form": 0.30,
    "unit_missing": 0.10,
    "street_typing": 0.03,
    "postcode_wrong": 0.02,
    "postcode_missing": 0.03,
    "sex_wrong": 0.003,
    "upn_missing": 0.02,
}
IN_NO_FILE = 0.04  # of resident adults
CONTACT_MISSED = 0.08  # of resident parents
CONTACT_KEPT = 0.05  # of parents who left
ON_BILL_AFTER_LEAVING = 0.2  # of parents who left within the window: still liable for the family's home
ROW_LOST = 0.02  # of rows of youth justice, anti-social behaviour, social care and exclusions feeds
ADDRESS_NOT_FOUND = 0.05  # of addresses sent to DWP

# What is printed beside the made-up authority. DfE SFR 10/2014 (absence 2012/13), one-point bands and termly tables.
PUBLISHED_ABSENCE = {
    "primary": {
        "authorised absence": 3.88,
        "unauthorised absence": 0.80,
        "enrolments with no unauthorised absence": 67.44,
        "enrolments with 15% or more unauthorised": 0.74,
    },
    "secondary": {
        "authorised absence": 4.51,
        "unauthorised absence": 1.38,
        "enrolments with no unauthorised absence": 61.97,
        "enrolments with 15% or more unauthorised": 2.03,
    },
}
PUBLISHED_TERMS = {"autumn": 1.18, "spring": 1.34, "summer": 1.66}
PUBLISHED_CODES = {"I": 73.8, "M": 8.8, "C": 8.1, "O": 69.4, "G": 14.2, "N": 11.7}
