"""The raw tables that the paper's authors released (doi 10.1088/2632-2153/acf115), as the tables of a study."""
