"""How a score reaches a person or a CRM."""
