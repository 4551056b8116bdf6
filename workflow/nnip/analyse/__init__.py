"""Statistics: from measured tables to tables that answer the study's questions."""
