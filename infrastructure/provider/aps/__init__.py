"""The connector to Amazon Payment Services (APS, formerly PayFort): `translate` is pure, `client` does the I/O."""
