"""Commands on exchange rates, and the rates in force."""
