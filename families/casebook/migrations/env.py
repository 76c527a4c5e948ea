"""Alembic's way in: always inside the transaction that `migrate` has opened."""

from alembic import context

from families.casebook import case_models, case_work_models, restriction_models, rules_models, staff_models  # noqa: F401 (their tables belong to Base)
from families.casebook.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # true of SQLite too, once it is told BEGIN: a kill leaves no half migration
)
with context.begin_transaction():
    context.run_migrations()
