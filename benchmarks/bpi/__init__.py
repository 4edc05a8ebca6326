"""The win curve on a bank's loan applications: reference lines, offers by age, close dates."""
