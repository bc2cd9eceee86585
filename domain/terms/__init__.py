"""The terms agreed with merchants, as versioned data: fees, release of funds, conversion, payouts, disputes."""
