"""For roles that open no family: what the casebook lets them do here, and whom to ask."""

import streamlit as st

from dashboard import frame, identity
from families.casebook import access
from families.errors import NotAllowed

visit = identity.visit()
if visit is None:
    st.stop()

try:
    access.require_families(visit.reader(identity.TO_LIST))
except NotAllowed as error:
    frame.refused("There is nothing here for your role yet", error)
