"""VOTable, CSV and TSV documents."""
