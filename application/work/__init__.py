"""Work that many workers share: leases, pools, pauses, and caches that are read in the background."""
