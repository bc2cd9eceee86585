"""Provider settlements: movements are settled on their payments, other rows on the settlement's own stream."""
