"""The raw tables released by the paper's authors (doi 10.1088/2632-2153/acf115), as tables of a study."""
