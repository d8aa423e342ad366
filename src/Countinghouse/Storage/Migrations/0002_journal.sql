-- A placeholder in this branch: the journal's own change of the schema takes this number.
SELECT 1;
