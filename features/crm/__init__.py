"""Reading a CRM: from files or a generator to a Book whose every row is accounted for."""
