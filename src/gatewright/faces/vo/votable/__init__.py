"""VOTable documents."""
