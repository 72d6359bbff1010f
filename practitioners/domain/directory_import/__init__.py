"""Reading the national directory extract PS_LibreAcces_Personne_activite."""
